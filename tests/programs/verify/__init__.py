"""Whether the corpus itself is as it says: right programs right, wrong ones wrong, found without handgrad's checker."""
