"""The product on a real cluster: installed, used, hurt, drained, rolled out, rotated, uninstalled, and looked at."""
