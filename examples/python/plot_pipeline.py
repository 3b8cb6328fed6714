"""Reads what the example hdf5_pipeline wrote with h5py and with xarray, and plots it.

python plot_pipeline.py pipeline.h5 pipeline.png
"""

import sys

import h5py
import matplotlib
import numpy as np
import xarray as xr

matplotlib.use("Agg")
import matplotlib.pyplot as plt


def main(path, picture):
    with h5py.File(path) as file:
        frames, seconds = file["u"], file["time"]
        print(f"h5py: {frames.shape} of {frames.dtype}, chunks {frames.chunks}, {file.attrs['title']!r}")
        if len(frames) != len(seconds):
            sys.exit(f"{len(frames)} frames at {len(seconds)} times")
        last = frames[-1]
    with xr.open_dataset(path, engine="h5netcdf", decode_times=False) as data:
        u = data["u"]
        print(f"xarray: {dict(u.sizes)}, {u.attrs['long_name']} in {u.attrs['units']}")
        if u.dims != ("time", "y", "x") or not np.array_equal(u.isel(time=-1).values, last):
            sys.exit(f"xarray finds other numbers, or other axes: {u.dims}")
        fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
        u.isel(time=-1).plot(ax=left, cmap="RdBu_r")
        u.sel(y=0.5, method="nearest").plot(ax=right, x="x", cmap="RdBu_r")
        left.set_title(f"after {float(u.time[-1]):.2f} s")
        right.set_title("along y = 0.5")
        fig.savefig(picture, dpi=100)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
