/** Which etcd we are compatible with, and which conclave this is. */

/** Reported as `Status.version`: the etcd release whose API we speak. */
export const ETCD_VERSION = '3.7.1'

/** The cluster and storage version that goes with {@link ETCD_VERSION}. */
export const CLUSTER_VERSION = '3.7.0'

/** The version of the stored data, as `Status.storageVersion` reports it. */
export const STORAGE_VERSION = '3.7.0'

/** Our own release, as in package.json. */
export const CONCLAVE_VERSION = '0.1.0'
