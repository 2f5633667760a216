"""The explorer: a study's samples on one self-contained page, from any number down to the picture that was cropped."""
