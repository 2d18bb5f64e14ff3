"""Speed as ratios: pooltlint beside an empty Python, ripgrep, and itself on trees of growing size."""
