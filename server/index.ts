/** The public door of `conclave/server`: embed a member or a whole cluster in a process. */

export type { Log, LogFields } from '../client/host/log.js'
export { ConfigError, type MemberOptions } from './config.js'
export { createLog, type LogLevel } from './host/log-pino.js'
export { InProcessNetwork } from './host/network-inprocess.js'
export { BootError } from './member/boot.js'
export { type Cluster, type ClusterOptions, startCluster } from './start-cluster.js'
export { type Server, type ServerOptions, startServer } from './start-server.js'
