"""The steps of `tune`: alerts as work, candidates, gates that they must pass, a choice among them, and its proof."""
