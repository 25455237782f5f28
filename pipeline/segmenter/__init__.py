"""Cuts the model's text into sentences and JSON objects while it is written.

    text -> zones: reader -> prose  -> sentences: boundaries find a mark
                                                  -> lookahead: what follows the mark?
                                                  -> rules: does the sentence end? -> words of the language
                             object -> JsonBlock; its "text" is prose, or a reply with zones of its own
                             fence  -> objects, or prose
                             code   -> prose without objects

``stage`` is the door for the pipeline, ``segmenter`` the built-in segmenter that joins the two wings.
"""
