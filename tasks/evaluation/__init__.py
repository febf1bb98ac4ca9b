"""Checkpoints sampled and measured.

denoising: a denoiser on the test images, step "denoise". samples: pictures of a checkpoint, and
what a classifier makes of them, steps "sample", "evaluate" and "variant". metrics_table: all that
was measured, step "table".
"""
