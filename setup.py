"""The kernels in C; everything else about the package is in pyproject.toml.

They are optional: without a compiler everything works, with equal bits, but slower. Their interface is that of
Python 3.11 and all later versions, so one wheel for a system serves them all.
"""

from setuptools import Extension, setup

OLDEST = "cp311"

setup(
    ext_modules=[
        Extension(
            "eegstream._kernels",
            ["native/module.c", "native/resample.c", "native/trellis_search.c"],
            depends=["native/kernels.h"],
            define_macros=[("Py_LIMITED_API", "0x030B0000")],
            # No product is fused with a sum, which would change bits. Microsoft's compiler skips both options, and
            # fuses nothing by itself.
            extra_compile_args=["-O3", "-ffp-contract=off", "-fno-trapping-math"],
            py_limited_api=True,
            optional=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": OLDEST}},
)
