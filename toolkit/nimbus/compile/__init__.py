"""Compiling: a trained pipeline in, a bundle out, without torch.

`source` finds the pipeline, `survey` says of each component whether it compiles, `stacks` read
the saved transformer of one library each, `architectures` write the graph of one encoder family
each, `tokenizers` check one family of tokenizers each, `compile` puts a bundle together.
"""
