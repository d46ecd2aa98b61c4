"""One signed receipt for each check, without who: what was checked, when, with what result.

`receipt` and `statement` give the bytes that are signed, so that others can verify them; `journal`
writes, `verify` reads. The model is the proof of check of Germany's VSDM (domain facts, §10).
"""
