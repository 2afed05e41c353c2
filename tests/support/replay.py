"""Random numbers that can be replayed: prints the seed; TOPNET_SEED=N in the environment sets it."""

import os
import random


def replayable():
    seed = int(os.environ.get("TOPNET_SEED") or random.randrange(2 ** 32))
    print(f"TOPNET_SEED={seed}", flush=True)
    return random.Random(seed)
