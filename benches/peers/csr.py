"""CPU milliseconds of one application of an exported Liouvillian as SciPy applies it: python csr.py FILE.npz SECONDS"""
import json
import sys
import time

import numpy as np
import scipy
import scipy.sparse as sp

matrix = sp.csr_matrix(sp.load_npz(sys.argv[1]))
vector = np.random.default_rng(1).standard_normal(matrix.shape[1]) + 0j
matrix @ vector
count, begun = 0, time.process_time()
while (spent := time.process_time() - begun) < float(sys.argv[2]):
    matrix @ vector
    count += 1
print(json.dumps({"ms": 1e3 * spent / count, "rows": matrix.shape[0], "nnz": int(matrix.nnz), "scipy": scipy.__version__}))
