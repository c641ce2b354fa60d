"""What the practice partner answers, by subject; each module has a blueprint `bp`."""
