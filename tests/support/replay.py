"""Random numbers that can be replayed: the seed is printed, and TOPNET_SEED=N in the environment sets it."""

import os
import random


def replayable():
    seed = int(os.environ.get("TOPNET_SEED") or random.randrange(2 ** 32))
    print(f"TOPNET_SEED={seed}", flush=True)
    return random.Random(seed)
