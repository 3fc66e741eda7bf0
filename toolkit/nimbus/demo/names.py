"""The names that the demo texts mention: word lists, and names put together from parts.

Every fourth name and first sound is held out: no text of the training split ever mentions it. Words for
things, months and the like are no names, and shared.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

HELD_OUT_EVERY = 4


class Split(StrEnum):
    """Which names and sentence frames a text may use."""

    TRAIN = "train"
    HELD_OUT = "held-out"
    ALL = "all"


def part(items: Sequence[str], split: Split) -> tuple[str, ...]:
    """Return the names that a split may use."""
    if split is Split.ALL:
        return tuple(items)
    held_out = split is Split.HELD_OUT
    return tuple(item for index, item in enumerate(items, 1) if (index % HELD_OUT_EVERY == 0) is held_out)


FIRST_NAMES = """
Anna Robert Maria James Priya Carlos Fatima Olga Kenji Laura Peter Sofia Ahmed Julia Martin Helen Tomas
Ingrid Samuel Nadia Oliver Chloe Viktor Amara Daniel Leila Marcus Elena Hugo Yasmin Patrick Mei Stefan Rosa
Ibrahim Clara Gavin Noor Felix Hannah Diego Irina Owen Sanna Rahul Greta Kwame Lucia Simon Beatriz Anton
Zofia Malik Tessa Jonas Aisha Colin Freya Mateo Wanda Nikhil Esther Bruno Katya Liam Miriam Pavel Dina
Arthur Selma Emeka Nora Gustav Alice Tariq Judith Lukas Paula Omar Bridget Edgar Lina Ravi Monica Otto Salma
Denis Agnes Jamal Petra Kieran Elise Boris Naomi Theo Ruth
""".split()

AMBIGUOUS = """
Florence Austin Victoria Paris Charlotte Jordan Sydney Chester Lincoln Savannah Brooklyn Madison Adelaide
Georgia Orlando Dallas Camden Verona Siena Logan Carson Kingston Chelsea Lourdes Devon Alexandria Bristol
Preston Aurora Jackson Houston Carolina Vienna Milan Avila Kent
""".split()
"""First names that are also places: only the sentence tells which."""

PLACES = """
Berlin Warsaw London Tokyo Madrid Lisbon Chicago Boston Seattle Nairobi Mumbai Prague Oslo Dublin Toronto
Lyon Porto Ghent Leeds Cardiff Turin Bergen Malmö Gdansk Utrecht Denver Portland Bath York Galway Nantes
Basel Graz Tampere Riga Vilnius Zagreb Seville Bologna Leipzig Dresden Rotterdam Antwerp Glasgow Norwich
Exeter Swansea Cork Lille Toulouse Norway Portugal Scotland Ireland Austria Belgium Denmark Finland Spain
Italy France Germany Poland Wales Canada Kenya
""".split()

ONSETS = """
B Br C Cr D Dr F Fl G Gr H J K Kr L M N P Pr Qu R S Sk St T Th Tr V W Y Z Ch
""".split()
VOWELS = "a e i o u".split()
CODAS = "n r l s m t k nd rt st x lm".split()
"""Parts of made-up stems; a stem whose first sound is held out is held out."""

FIRST_NAME_ENDS = "a o el in ya us ette iel".split()
SURNAME_ENDS = "berg ova man sen ley ez kov dottir well ini anu ström".split()
TOWN_ENDS = "ford bury ton mouth field wick haven stead".split()
BRAND_ENDS = "vex tek ora ara vo nix dale ix sona lund iva ro".split()

ANY_ENDS = "a an ar en er o or um is as".split()
"""Ends of names that may be a person's, a place's or a brand's: only the sentence tells which."""

QUALITIES = """
Blue Green Little Silver Red Quiet Bright Golden White Old Happy Clear Copper Wild Northern Velvet Brave
Amber Gentle Royal
""".split()
EMBLEMS = """
Lantern Harbour River Fox Gate Pine Kettle Hill Oak Thread Anchor Mill Otter Sky Bridge Leaf Falcon Meadow
Compass Barrel
""".split()
"""Brands of two words: a quality and an emblem."""

ORG_KINDS = """
Logistics Couriers Bank Parcels Trading Outdoors Electronics Express Repairs Insurance Pay Home Garden
Freight Supplies Group
""".split()

SERIES = "Pulse Breeze Mini Max Air Duo Flow Nova Trail Sense Prime Lite Core Studio Aura Swift".split()

THINGS = """
kettle lamp backpack jacket toaster blender keyboard monitor chair desk tent bike helmet watch camera
speaker router heater fan mixer drill printer phone tablet rug mattress pillow scooter grill vacuum
projector microphone bottle wallet
""".split()

PARTS = """
handle lid screen zip battery button hinge strap cable charger motor wheel display switch plug filter case
sensor
""".split()

RELATIVES = """
sister brother mother father wife husband daughter son neighbour colleague friend aunt uncle partner boss
cousin
""".split()

MONTHS = "January February March April May June July August September October November December".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
NUMBERS = "two three four five six seven eight nine ten twelve".split()
COLOURS = "black white red blue green grey silver yellow brown orange purple".split()
MONTH_NAMES = ("April", "May", "June", "August")
"""First names that are also months."""
