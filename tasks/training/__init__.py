"""What is trained on the digits: models, classifiers, guides.

model_parts: from a node's plain parameters to network, objective, sampler and recipe. training: one
training, resumable, step "train". classifiers: those that judge samples, and those that guide them,
steps "classifier" and "guide". descriptions: networks and schedules as tables, steps "network" and
"schedule".
"""
