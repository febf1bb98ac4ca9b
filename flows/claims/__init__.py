"""What each claim of the write-ups is measured on: nodes of the figures that show it.

restoration, prompted, models, annotated: a function a claim, from a write-up's panels to its
evidence; tasks.claims has modules of the same names, with the definitions. evidence: what such a
function is given, and what it returns. claim_nodes: from there to nodes.
"""
