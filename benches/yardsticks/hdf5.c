// What HDF5 itself takes, through MPI-IO: every rank has the same number of rows of an array of f64, written to and read
// from one dataset by collective hyperslabs.
//
//     mpirun -n RANKS hdf5 FOLDER ROWS COLUMNS REPETITIONS CHUNK_ROWS
//
// CHUNK_ROWS 0: a contiguous dataset. Otherwise chunks of so many rows, shuffled and deflated at level 1. Prints medians of
// MB/s from before the file is created or opened until it is closed.
#include <hdf5.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void good(const char *what, hid_t code) {
    if (code < 0) {
        fprintf(stderr, "%s failed\n", what);
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
}

int main(int argc, char **argv) {
    MPI_Init(&argc, &argv);
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    if (argc != 6) return 2;
    hsize_t rows = strtoull(argv[2], 0, 10), columns = strtoull(argv[3], 0, 10);
    int repetitions = atoi(argv[4]);
    hsize_t chunk[2] = {strtoull(argv[5], 0, 10), columns};
    hsize_t shape[2] = {rows, columns}, start[2] = {rows * rank / ranks, 0};
    hsize_t count[2] = {rows * (rank + 1) / ranks - start[0], columns};
    double *data = malloc(count[0] * columns * sizeof *data), *times[2];
    for (hsize_t i = 0; i < count[0] * columns; i++) data[i] = (double)((start[0] * columns + i) % 1000);
    char path[4096];
    snprintf(path, sizeof path, "%s/pmi-yardstick.h5", argv[1]);

    hid_t access = H5Pcreate(H5P_FILE_ACCESS), transfer = H5Pcreate(H5P_DATASET_XFER);
    good("H5Pset_fapl_mpio", H5Pset_fapl_mpio(access, MPI_COMM_WORLD, MPI_INFO_NULL));
    H5Pset_all_coll_metadata_ops(access, 1);
    H5Pset_coll_metadata_write(access, 1);
    H5Pset_dxpl_mpio(transfer, H5FD_MPIO_COLLECTIVE);
    hid_t create = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_fill_time(create, H5D_FILL_TIME_NEVER);
    if (chunk[0] > 0) {
        H5Pset_chunk(create, 2, chunk);
        H5Pset_shuffle(create);
        H5Pset_deflate(create, 1);
    }
    for (int reading = 0; reading < 2; reading++) {
        times[reading] = malloc(repetitions * sizeof(double));
        for (int repetition = 0; repetition < repetitions; repetition++) {
            if (rank == 0 && !reading) unlink(path);
            MPI_Barrier(MPI_COMM_WORLD);
            double begin = MPI_Wtime();
            hid_t file = reading ? H5Fopen(path, H5F_ACC_RDONLY, access)
                                 : H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
            good("opening the file", file);
            hid_t space = H5Screate_simple(2, shape, NULL), memory = H5Screate_simple(2, count, NULL);
            hid_t dataset = reading ? H5Dopen(file, "x", H5P_DEFAULT)
                                    : H5Dcreate(file, "x", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, create, H5P_DEFAULT);
            good("opening the dataset", dataset);
            H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL);
            good("transfer", reading ? H5Dread(dataset, H5T_NATIVE_DOUBLE, memory, space, transfer, data)
                                     : H5Dwrite(dataset, H5T_NATIVE_DOUBLE, memory, space, transfer, data));
            H5Dclose(dataset);
            H5Sclose(space);
            H5Sclose(memory);
            good("closing the file", H5Fclose(file));
            MPI_Barrier(MPI_COMM_WORLD);
            times[reading][repetition] = MPI_Wtime() - begin;
        }
        qsort(times[reading], repetitions, sizeof(double), ascending);
    }
    if (rank == 0) {
        unlink(path);
        double megabytes = rows * columns * sizeof(double) / 1e6;
        printf("figure write %g\n", megabytes / times[0][repetitions / 2]);
        printf("figure read %g\n", megabytes / times[1][repetitions / 2]);
    }
    MPI_Finalize();
}
