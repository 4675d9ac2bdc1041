# SPDX-License-Identifier: Apache-2.0
"""The demonstrations: a synthetic household's life event, from the login with a card to the letters.

What is the same for every life event is `demo.py`; who the people are, what they tell, decide and leave
lying stands in one script for each.
"""
