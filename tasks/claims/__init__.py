"""What the write-ups claim, measured on the artifacts behind their figures.

restoration, prompted, models, annotated: a function a claim, from the evidence that its figures
leave to a finding; flows.claims has modules of the same names, with the function that gathers that
evidence. definitions, registry: the claims by id, and the step that checks one. evidence, finding:
what such a function is given, and what it returns. statistics: what they share.

A claim more is an entry of `claims` in pipelines.yaml and a function of its name on each side.
"""
