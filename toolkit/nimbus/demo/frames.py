"""The sentences that the demo texts are made of, and the tag of each of their words.

A line is a frame. `{SLOT}` takes a name or a number, `[a | b]` one of its alternatives, and `word/TAG`
says the tag of a word that differs from the usual one in `WORDS`. Tokens are parted by spaces as spaCy's
English tokenizer parts them: `do n't`, `it 's`. A frame after `~` is held out from training: its words are
known from other frames, the sentence is new.
"""

from __future__ import annotations

from typing import Final

TOPICS: Final[dict[str, str]] = {
    "delivery": """
my [parcel | package | order] [has n't | still has n't] arrived [ | yet] .
the [courier | driver] left the [box | parcel] [outside | in the rain | at the wrong door] .
I was promised delivery [on {DAY} | for {DAY}] and nothing came .
the tracking page [has not | has n't] changed since {DAY} .
can you tell me where my {PRODUCT} is [ | right now] ?
{ORG} says the parcel was delivered , but [there is nothing here | I never got it | nobody saw it] .
the shipment [is | seems to be] stuck in {PLACE} .
it was supposed to arrive [on {DAY} | {AGO}] [ | at the latest] .
the driver from {ORG} did n't even ring the bell .
~ you sent the [package | parcel] to {PLACE} instead of {PLACE} .
how long does shipping to {PLACE} [usually | normally] take ?
only {SMALL} of the {SMALL} boxes arrived .
the delivery window was missed [again | twice | for the third time] .
{PERSON} waited at home the whole day for the [courier | van] .
the tracking number does n't work [ | on the page of {ORG}] .
why is my order still in the warehouse in {PLACE} ?
the parcel was handed to a neighbour that I do n't know .
the status [says | shows] " out for delivery " since {DAY} .
please send the missing [box | parcel] to {PLACE} [as soon as possible | {SOON}] .
can the delivery [of order {ORDER} | ] be moved to {DAY} ?
{ORG} returned the package to the sender without [trying | asking] .
the [van | driver] never came , although the app said " delivered " .
I need the parcel before {DAY} because I am leaving for {PLACE} .
the courier wanted a signature , but nobody was [at home | there] .
shipping was meant to take {SMALL} days , it has been {NUMBER} weeks .
my order was dispatched from {PLACE} {AGO} and has n't moved since .
the pickup point in {PLACE} was closed when I came for the parcel .
is there any news about the late delivery of my {THING} ?
~ the address on the label is wrong , it should say {PLACE} .
{PERSON} at the depot could n't find the package .
~ where is my {THING} ? it should be here by now .
the driver threw the box over the fence .
could you ask {ORG} to deliver after six ?
~ the package went to {PLACE} first and is now lost .
another week/NOUN without the shipment .
the label says {PLACE} , which is wrong .
the parcel was sent to {PLACE} , not to {PLACE} .
I asked for delivery to {PLACE} instead of {PLACE} .
the shipment went from {PLACE} to {PLACE} and back .
~ my address should be {PLACE} , not {PLACE} .
the box was first sent to {PLACE} .
where is the parcel from {ORG} now ?
""",
    "refund": """
~ I want my money back for the {PRODUCT} .
~ when will I get the refund [of {MONEY} | for order {ORDER}] ?
I [returned | sent back] the {THING} {AGO} and still wait for my {MONEY} .
you [refunded | paid back] only {MONEY} instead of {MONEY} .
the refund has n't [reached | appeared on] my account/NOUN .
please cancel order {ORDER} and pay me back .
~ I was charged twice , [please return/VERB one payment | so {MONEY} is missing | I want {MONEY} back] .
{PERSON} promised [me | us] a full refund [on {DAY} | {AGO}] .
my bank {ORG} says that no refund was sent .
how do I return/VERB an item [ | that I do n't need any more] ?
the return/NOUN label [is missing | was n't in the box] , how do I send it back ?
I cancelled the order within {NUMBER} days , so I [expect | am owed] {MONEY} .
a voucher is not good enough , I want the {MONEY} on my card .
please confirm that the {MONEY} will be paid back [by {DAY} | {SOON}] .
~ the price was {MONEY} , but I was charged {MONEY} .
you kept {MONEY} as a [fee | return/NOUN fee] , [which | and that/PRON] is not fair .
I sent the {PRODUCT} back to {PLACE} and have n't seen the money .
your colleague {PERSON} refused the refund .
the return/NOUN was accepted {AGO} , the payment is still open/ADJ .
I am still waiting for the credit of {MONEY} .
{ORG} got the {THING} back {AGO} , so why have n't you refunded me ?
~ can I get a refund if the box was opened ?
I no longer want the {THING} , please give me my money back .
the invoice shows {MONEY} too much , please correct it .
reimburse the {MONEY} [at once | {SOON} | before {DAY}] , please .
[it took | it has taken] {NUMBER} weeks and there is no refund .
the cancelled order {ORDER} was charged anyway .
I would like to return/VERB the {THING} and be reimbursed .
please refund/VERB the shipping fee of {MONEY} as well .
the discount of {MONEY} was not taken off the price .
we were billed {MONEY} for something that we cancelled .
~ who do I talk to about my refund ? {PERSON} does n't answer .
~ send the money to my card , not to a voucher .
according to the invoice , {MONEY} should go back to me .
my return/NOUN reached {PLACE} {AGO} , but the money did not come .
I want my refund now .
please send me the {MONEY} that I paid for the cancelled {THING} .
why was I charged again ? I want my money back .
""",
    "defect": """
the {PRODUCT} [stopped working | broke | died] after {NUMBER} [days | weeks] .
the {PART} of [my | the] {THING} is [broken | cracked | loose] .
my {THING} does n't turn/VERB on [any more | at all | ] .
there is a [crack | scratch | dent] in the {PART} .
the {PART} makes a [strange | loud | terrible] noise .
it gets [very | far too] hot and smells of smoke .
when I press the {PART} , nothing happens .
~ the {PRODUCT} came with a [faulty | defective | dead] {PART} .
one of the {SMALL} screws is missing and the {PART} is bent .
the {THING} [leaks | shakes | flickers] [whenever | when] I use it .
I have tried another {PART} , but the {THING} is still dead .
{PERSON} at {ORG} says that the {PART} can not be repaired .
the {THING} worked for {SMALL} days , then the {PART} [failed | broke off | burned out] .
is this fault covered by the warranty ?
the {PART} fell off the first time I used it .
the display shows error {SMALL} and then goes black .
the {PRODUCT} switches itself off after {NUMBER} minutes .
the battery of my {PRODUCT} [does n't charge/VERB | dies after an hour | is swollen] .
this is the second {THING} with the same [fault | defect] .
please repair/VERB or replace the [broken | faulty] {THING} .
the seam of the {THING} is torn and the colour comes off .
water gets into the {PART} .
we bought {SMALL} of them and {NUMBER} do not work .
the {PART} is jammed , so the {THING} is useless .
a technician from {ORG} looked at it and found a short circuit .
the {PRODUCT} keeps crashing [ | since the update | since {DAY}] .
the paint on the {PART} is peeling .
the {THING} has/VERB a hole near the {PART} .
I can smell burning when the {THING} is on .
the {PART} wobbles and the {PART} is scratched .
the {PRODUCT} has/VERB been defective since {DAY} .
the {PART} does not fit/VERB , it must be a wrong part .
sparks came out of the {PART} , [this is | that/PRON is] dangerous .
it broke while {PERSON} was using it .
the manual says to reset it , but the {PART} stays dead .
the {THING} is faulty and makes a noise .
the {THING} was broken when it came .
the {PART} of the {PRODUCT} does not work .
my {THING} is dead after {SMALL} days .
the {PART} gets hot and the {THING} is broken .
~ the {THING} makes a strange noise and the {PART} is loose .
~ after {NUMBER} days the {PART} of the {THING} was broken .
~ my {PRODUCT} does not work , the {PART} is cracked .
~ the {PART} is bent and the {THING} stopped working .
~ I tried it again , but the {PART} of my {PRODUCT} is faulty .
~ when I use the {THING} , the {PART} gets hot .
""",
    "account": """
I ca n't log in [to my account/NOUN | with my new phone | any more] .
the password reset/NOUN mail [never arrives | does n't work] .
~ please change the name on my account/NOUN to {PERSON} .
my account/NOUN [was | has been] locked [since {DAY} | {AGO} | without a reason] .
how do I delete my [account/NOUN | profile] ?
somebody in {PLACE} logged in to my account/NOUN .
I want to change my email address [ | and my phone number] .
~ the app says that my password is wrong .
please remove my old card from {ORG} from my profile .
I never get the code for the login .
two factor login does n't work [with my new number | since the update | ] .
can you merge my two accounts , one is under {PERSON} ?
the app logs me out every {NUMBER} minutes .
~ my profile shows the address of {PERSON} in {PLACE} .
I did not sign up for the newsletter , please take me off the list .
how can I close the account/NOUN of my late {RELATIVE} {PERSON} ?
I moved to {PLACE} and ca n't save the new address .
~ the login page shows error {SMALL} .
my user name is taken , [although | but] I registered {AGO} .
please unlock my account/NOUN , I need it before {DAY} .
the verification mail went to an old address .
someone used my password on {DAY} , [ | so] please block my profile .
which data do you store about me ?
I forgot my password and the security question does not help .
the settings page does n't let me change the language .
why was my seller profile suspended {AGO} ?
I would like to open/VERB a business account/NOUN for {ORG} .
the app does not accept my [new number | user name | date of birth] .
{PERSON} should no longer have/VERB access to our shared account/NOUN .
I get a security warning whenever I sign in .
the account/NOUN is registered to {ORG} , but I can not log in .
my username was changed without my permission .
every time I sign in , the app asks for a new password .
~ please update the email on the profile of {PERSON} .
I can not see my orders after the login .
my password does not work in the app .
please change my email address and my user name .
the login does not work with my email .
~ I can not sign in with my new password .
~ please change the email address of my account/NOUN .
""",
    "praise": """
I [absolutely | really | simply] love/VERB my {PRODUCT} .
{PERSON} [was | is] [wonderful | so helpful | very kind] , please pass on my thanks/NOUN .
the {THING} is [fantastic | beautiful | perfect | even better than expected] .
~ great service , [great | fair] price and a [friendly | quick] team .
this is the best {THING} I have ever had/VERB .
a big thank/NOUN you to {PERSON} [ | in {PLACE}] for the [quick | kind] help/NOUN .
everything was perfect , I will [gladly | happily] order/VERB again .
five stars for {ORG} [ | and for you] !
the {PRODUCT} is worth every cent of the {MONEY} .
my {RELATIVE} {PERSON} is delighted with the {THING} .
I [highly | warmly] recommend {ORG} [ | to everyone in {PLACE}] .
it came a day early and was wrapped beautifully .
{PERSON} solved my problem in {NUMBER} minutes , brilliant !
what a lovely surprise , the {THING} looks amazing .
keep up the good work/NOUN !
~ the quality of the {PRODUCT} is excellent .
I am [very | so | really] happy with the {THING} .
~ we use the {PRODUCT} every day and love/VERB it .
thanks/NOUN to {PERSON} the exchange went smoothly .
our whole office in {PLACE} is impressed .
excellent advice from {PERSON} , I am very grateful .
the best shop I know , and I have tried many .
the {THING} exceeded all my hopes .
such a friendly team , especially {PERSON} !
I wanted to say how pleased I am with your service .
the {PRODUCT} works like a dream .
you made my {RELATIVE} very happy , thank/VERB you so much .
hats off to {ORG} , that/PRON was quick .
I would buy it again at once , it is wonderful .
rarely have I had/VERB such good service .
everyone at {ORG} was polite and helpful .
superb quality and a very fair price .
the colours are gorgeous and the {PART} feels solid .
{PERSON} deserves a raise for this brilliant service .
my compliments to the team in {PLACE} , great job !
the service in {PLACE} was very good .
the {THING} is excellent and the price was fair .
a perfect {THING} , thank/VERB you {PERSON} !
quick and friendly service from {ORG} , I am happy .
{PERSON} was wonderful and the {THING} is perfect .
~ {PERSON} and the team were wonderful , thank/VERB you .
~ I love/VERB the {THING} and the {PRODUCT} is excellent too .
~ the service of {ORG} was excellent and very quick .
~ we are happy with the {THING} , it is perfect .
""",
}
"""What a text is about. Each text has sentences of one topic only."""

CARRIERS: Final = """
I am writing [to you | ] about {SUBJECT} .
my question is about {SUBJECT} .
this is about {SUBJECT} .
I have to mention {SUBJECT} [again | once more] .
{PERSON} told me to write to you about {SUBJECT} .
we need to talk about {SUBJECT} .
I want to talk about {SUBJECT} .
what I mean is {SUBJECT} .
subject : {SUBJECT}
~ here is what I have to say about {SUBJECT} .
first of all , {SUBJECT} .
~ again , {SUBJECT} .
the reason for this message is {SUBJECT} .
{ORG} asked me to tell you about {SUBJECT} .
as/SCONJ I said {AGO} , it is about {SUBJECT} .
in short , {SUBJECT} .
~ I would like to tell you about {SUBJECT} .
let me say it again , {SUBJECT} .
who can I write to about {SUBJECT} ?
~ [it is | this is] all about {SUBJECT} .
"""
"""Sentences that suit any topic: the subject tells which."""

SUBJECTS: Final[dict[str, str]] = {
    "delivery": """
the late delivery
[a | the | my] missing parcel
[a | the | my] lost package
the delivery of my {THING}
a parcel that never arrived
~ the courier [in {PLACE} | from {ORG}]
the tracking of my parcel
~ shipping to {PLACE}
~ the late shipment
the driver of the van
a package at the wrong address
the delivery date
~ my missing shipment
the delay of the shipment
~ the tracking number
the [wrong | missed] delivery
a late package
the van that never came
slow shipping
the parcel in the warehouse
the dispatch of my order
the missed delivery window
the depot in {PLACE} and my parcel
a box that was left outside
the lost shipment
""",
    "refund": """
[my | the] refund
the missing refund
~ the money for the cancelled order
a refund of {MONEY}
the wrong invoice
a payment that was charged twice
the return/NOUN of the {THING}
[my | the] money
the return/NOUN fee
the double payment
the {MONEY} that you owe me
the refund for order {ORDER}
the credit of {MONEY}
the voucher instead of my money
the price on the invoice
the cancelled payment
a full refund
the return/NOUN label
~ the fee that I was charged
the late refund
~ the {MONEY} that you charged
~ the payment for a returned {THING}
the discount and the invoice
paying back {MONEY}
~ a refund to my card
""",
    "defect": """
the broken {PART}
~ [a | the] faulty {THING}
the defective {PRODUCT}
a crack in the {PART}
the loose {PART}
the repair/NOUN of the {THING}
~ a {THING} that does not work
the scratched {PART}
the warranty of my {PRODUCT}
a strange noise in the {PART}
~ the dead {PART}
smoke from the {PART}
a {PART} that broke
the fault in the {THING}
the bent {PART}
a defect of the {PART}
a missing screw
a {THING} that stopped working
the torn seam
the [broken | cracked] {THING}
the faulty {PART} of the {PRODUCT}
error {SMALL} on the display
~ the defective {PART}
a broken {PRODUCT}
~ the fault of my {PRODUCT}
""",
    "account": """
[my | the] login
[my | a] locked account/NOUN
the password reset/NOUN
~ a wrong email address
[my | the] profile
the login code
the name on my profile
the access to my account/NOUN
[a | my] new password
the security of my account/NOUN
the verification mail
~ my user name
the app and my login
~ my old phone number
the newsletter
the settings of my profile
a blocked profile
~ the email on my account/NOUN
the login page
my registered email
a password that does not work
the two accounts of {PERSON}
~ the security question
the login of {PERSON}
my account/NOUN and my password
""",
    "praise": """
~ the wonderful service
[your | the] friendly team
~ a perfect {THING}
the excellent quality
~ my great {PRODUCT}
the kind help/NOUN of {PERSON}
a lovely surprise
the fantastic service in {PLACE}
the beautiful {THING}
the brilliant {PRODUCT}
how happy I am
how much I love/VERB the {PRODUCT}
~ the best team
the quick and friendly service
an excellent {THING}
the amazing colours
your great advice
the superb quality
~ the helpful team in {PLACE}
how pleased we are
a very happy customer
the gorgeous {THING}
perfect service
the wonderful {PERSON}
great quality and a fair price
""",
}
"""What the carriers can be about, by topic."""

DETAILS: Final = """
~ the order number is {ORDER} .
I live in {PLACE} .
~ I bought the {PRODUCT} from {ORG} [on {DAY} | {AGO}] .
~ I paid {MONEY} [ | by card | with my card from {ORG}] .
I placed order {ORDER} [on {DAY} | {AGO}] .
it was a present for my {RELATIVE} {PERSON} , who lives in {PLACE} .
{PERSON} [told me | said] that you would [call back | answer] [on {DAY} | by {DAY}] .
I [spoke to | talked to] {PERSON} {AGO} .
you can reach me [in {PLACE} | at home] until {DAY} .
{PERSON} from {ORG} already knows about [it | this] .
the {PRODUCT} cost/VERB me {MONEY} .
we ordered it for our office in {PLACE} .
I have been a customer since {DAY} .
my {RELATIVE} {PERSON} ordered the same {THING} [ | for {MONEY}] .
the seller is {ORG} , [based | registered] in {PLACE} .
I called {NUMBER} times and {PERSON} never called back .
[your | the] agent {PERSON} could not [find | see] order {ORDER} .
the invoice for {MONEY} is dated {DAY} .
I work/VERB for {ORG} in {PLACE} .
my reference is {ORDER} , in the name of {PERSON} .
{PERSON} and {PERSON} [bought | share] one as well .
~ we will be in {PLACE} from {DAY} to {DAY} .
Mr {SURNAME} [handled | opened] my last request .
Ms {SURNAME} [of | from] {ORG} asked me to write to you .
~ the shop in {PLACE} sent me to you .
the {PRODUCT} is [for | meant for] {PERSON} .
I compared it with the {PRODUCT} , which costs {MONEY} .
order {ORDER} was for {SMALL} pieces , {MONEY} in total .
I travelled from {PLACE} to {PLACE} {AGO} .
on {DAY} I wrote to {ORG} , but they sent me to you .
~ {AGO} {PERSON} asked me for the order number , it is {ORDER} .
my {RELATIVE} uses a {PRODUCT} too .
I attach [a photo | two photos | the invoice] for {PERSON} .
it is size {SMALL} in {COLOUR} .
{ORG} in {PLACE} sells it for {MONEY} .
the ticket was opened by {PERSON} [on {DAY} | {AGO}] .
I first saw the {PRODUCT} in a shop in {PLACE} .
the card belongs to {PERSON} , my {RELATIVE} .
I have/VERB version {SMALL} of the app .
{PERSON} , who works for {ORG} , gave me your address .
{PLACE} is where we live now , {PLACE} was before .
{PERSON} is on holiday until {DAY} , please write to {PERSON} .
together with order {ORDER} that/PRON makes {MONEY} .
I met {PERSON} in {PLACE} {AGO} .
they asked me about order {ORDER} and about {ORDER} .
{ORG} and {ORG} both told me to ask you .
~ the {COLOUR} {THING} was {MONEY} , the {COLOUR} one {MONEY} .
~ please write to {PERSON} , {PLACE} .
the receipt says {DAY} , {MONEY} , {ORDER} .
the {PRODUCT} was recommended by {PERSON} .
{AGO} {PERSON} wrote to me about it .
{AGO} I was told to call {PERSON} in {PLACE} .
on {DAY} {PERSON} asked me to write again .
please call {PERSON} at {ORG} .
please send it to {PERSON} , {PLACE} .
my address is {PERSON} , {PLACE} .
my card is from {ORG} and the shop is in {PLACE} .
I always pay with the card of {ORG} .
the {COLOUR} {THING} costs {MONEY} now .
I paid {MONEY} for the {COLOUR} one .
the {COLOUR} {THING} is from {ORG} and was {MONEY} .
one {THING} was {MONEY} and the other {MONEY} .
the number of my order is {ORDER} , not {ORDER} .
{ORDER} is the number of the order , {ORDER} the number of the invoice .
we bought the {PRODUCT} in {PLACE} , not from {ORG} .
from {DAY} to {DAY} {PERSON} is in {PLACE} .
I was in {PLACE} on {DAY} and in {PLACE} {AGO} .
the office in {PLACE} knows {PERSON} .
{PERSON} does n't know where {PERSON} is .
where is {PERSON} ? I need an answer by {DAY} .
why does nobody at {ORG} answer ?
does {PERSON} still work/VERB for {ORG} ?
all my orders went to {PLACE} .
"""

ASIDES: Final = """
I have/VERB all the [papers | mails] if you need them .
we have been waiting for an answer since then .
I hope/VERB you understand .
I am writing from my phone , so please excuse the mistakes .
~ this is [not | n't] the first time I write to you .
I looked at your help/NOUN page , but it did n't answer my question .
it is rather urgent .
I am not [angry | upset] , just a little [tired | confused] .
the last time everything went well .
please do n't send me the same standard answer again .
my {RELATIVE} says I should be patient .
I read the terms and it is not clear to me .
I tried the chat/NOUN , but it closed after {SMALL} minutes .
maybe it is my mistake .
it has been a long week/NOUN .
I usually order/VERB here {NUMBER} times a year .
I do n't know what else to say .
there were {SMALL} people before me on the phone .
I may be wrong , but I think you should know .
we talked about it at home and decided to write .
you can keep my details on file .
the weather was awful that/DET day , by the way .
I asked the same thing in the chat/NOUN .
if you need more , just ask .
the shop page was easy to use .
I do n't want to make a big story of it .
let me explain what happened .
that/PRON is all I know so far .
it is hard to describe in a few words .
nobody else at home uses it .
I need help/NOUN with it .
could you help/VERB me ?
it did n't work and nobody could help/VERB .
here is my question .
~ I have been a little confused since then .
~ I know it is a long story .
~ please excuse me if I am wrong .
~ we asked {SMALL} people and it did n't help/VERB .
"""

OPENINGS: Final = """
hello ,
~ hi there ,
~ dear team ,
good morning ,
hi {PERSON} ,
hello {ORG} team ,
~ dear {PERSON} ,
hey ,
good evening ,
dear Ms {SURNAME} ,
to whom it may concern ,
hi all ,
greetings from {PLACE} ,
dear support team ,
dear Mr {SURNAME} ,
"""

CLOSINGS: Final = """
~ thanks/NOUN , {PERSON}
kind regards/NOUN , {PERSON}
best wishes , {PERSON} , {PLACE}
thank/VERB you in advance .
please let me know .
regards/NOUN , {PERSON} , {ORG}
looking forward to your answer .
many thanks/NOUN
yours , {PERSON}
please help/VERB me with this .
~ what should I do now ?
cheers , {PERSON}
please get back to me soon .
greetings , {PERSON}
~ all the best , {PERSON}
"""

WORDS: Final[dict[str, str]] = {
    "ADJ": """
amazing angry awful beautiful bent best better big black blocked brilliant broken clear confused cracked
dangerous dead dear defective delighted double easy enough excellent fair fantastic far faulty few first
friendly full good gorgeous grateful great happy hard helpful hot impressed jammed kind last late latest
little long loose lost loud lovely many missing much new old other patient perfect pleased polite
possible quick same second short slow solid strange such superb sure swollen terrible third tired torn
total urgent useless wonderful worth wrong
""",
    "ADP": """
about according after as at before between by down during for from in instead into like near of off on
out over since than to under until up with within without
""",
    "ADV": """
absolutely again already always anyway back beautifully early else especially even ever forward gladly
happily here highly how however just longer maybe more n't never normally not now once only outside
rarely rather really right simply smoothly so soon still then there together too twice usually very
warmly well when whenever where why yet
""",
    "AUX": "be been is am are was were has have had do does did can ca could will would should may must",
    "CCONJ": "and or but",
    "DET": "a an the all another any both every no some which this what whole",
    "INTJ": "hello hey hi cheers please greetings",
    "NOUN": """
access accounts address advance advice agent answer app bank battery bell birth block box boxes business
card cent circuit code colleague colour colours compliments concern courier crack credit customer data
date day days defect delay delivery dent depot details discount dispatch display door dream driver email
error evening exchange factor fault fee fence file hats help hole holiday home hopes hour invoice item
job label language list login mail mails manual message minutes mistake mistakes money morning name
neighbour news newsletter noise number office order orders package page paint papers parcel part
password payment people permission phone photo photos pickup pieces point present price problem profile
quality question rain raise reason receipt reference refund request reset return scratch screw screws
seam security seller sender service settings shipment shipping shop signature size smoke sparks standard
stars status story subject support surprise team technician terms thing ticket time times tracking
update user username van verification version voucher warehouse warning warranty water way weather weeks
window wishes words work year
""",
    "NUM": "one two five six",
    "PRON": """
everyone everything i it itself me my myself nobody nothing our somebody someone something them they us
we who whom you your yours
""",
    "PROPN": "mr ms",
    "PUNCT": """
! " , . : ?
""",
    "SCONJ": "that because if although while",
    "VERB": """
accept accepted appeared arrive arrived arrives ask asked asking asks attach based belongs billed bought
broke burned burning buy call called came cancel cancelled change changed charged close closed come
comes compared confirm correct cost costs covered crashing dated decided delete deliver delivered
describe deserves died dies dispatched exceeded excuse expect expected explain failed feels fell find
flickers forgot found gave get gets give go goes got handed handled happened happens keep keeps kept
know knows leaks leaving left let live lives locked log logged logs looked looking looks made make makes
mean meant mention merge met missed moved need opened ordered owe owed paid pass pay paying peeling
placed press promised reach reached read recommend recommended refunded refused registered reimburse
reimbursed remove repaired replace returned ring said save saw say says scratched see seems seen sells
send sent shakes share shared shows sign smell smells solved spoke stays stopped store stuck supposed
suspended switches take taken talk talked tell think threw told took travelled tried trying understand
unlock upset use used uses using wait waited waiting want wanted went wobbles worked working works
wrapped write writing wrote
""",
}
"""The usual tag of each word: a tag and the words it goes with."""
