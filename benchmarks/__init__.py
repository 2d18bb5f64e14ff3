"""Speed as ratios: pooltlint against Python itself, ripgrep and itself."""
