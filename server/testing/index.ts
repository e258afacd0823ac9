/** The public door of `conclave/testing`: a cluster inside a test, and its misfortunes. */

export { startTestCluster, type TestClusterOptions } from './start-test-cluster.js'
export type { TestCluster, TestProcess } from './test-cluster.js'
export type { Place, TestMember } from './test-member.js'
