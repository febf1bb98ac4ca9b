"""What models train on and what they are shown, found, checked and brought to arrays.

datasets: images and labels of the digits, step "data". image_files: where an input image lies, and
its bytes; the plan reads it. images: such a file as the square that models see, step "image".
masks: the pixels that inpainting is to fill.
"""
