/**
 * From a data directory to a member's state: found a cluster, join one, or come back.
 *
 *     no log  --new------> members from the flags, state and log at index 1
 *             --existing-> members asked from a peer, no data, log at index 0
 *     a log   -----------> read it; finish a snapshot install that a crash cut off;
 *                          open the state; replay goes on from its applied index
 *
 * The log is created last: while it is missing the directory counts as empty, so a
 * crash in the middle of founding only founds again.
 */

import type { MemberRecord } from '../../client/wire/generated/command.js'
import type { DescribeResponse } from '../../client/wire/generated/peer.js'
import type {
  ConfState,
  Entry,
  HardState,
  SnapshotMetadata,
} from '../../client/wire/generated/raft.js'
import type { Member } from '../../client/wire/generated/rpc.js'
import { clusterId as clusterIdOf, memberId as memberIdOf } from '../cluster/identity.js'
import { describeCluster } from '../cluster/join.js'
import { ConfigError, type MemberConfig } from '../config.js'
import type { Host } from '../host/host.js'
import { DataDirectory } from '../storage/data-directory.js'
import { findSnapshots, removeSnapshots } from '../storage/snapshot-file.js'
import { installSnapshot } from '../storage/snapshot-install.js'
import { TABLES } from '../storage/tables.js'
import { Wal, type WalContents } from '../storage/wal.js'
import type { Tuning } from '../tuning.js'
import { StateHolder } from './state-holder.js'

/** The boot found something that must not be papered over. The message says what and what to do. */
export class BootError extends Error {
  override readonly name = 'BootError'
  /** Stable code. */
  readonly code = 'BOOT_REFUSED'
}

/** Everything a member stands on. */
export interface Booted {
  readonly clusterId: bigint
  readonly memberId: bigint
  readonly directory: DataDirectory
  readonly wal: Wal
  readonly state: StateHolder
  readonly hardState: HardState
  /** Where the log in memory begins. */
  readonly snapshot: SnapshotMetadata
  readonly entries: Entry[]
  /** True when the data was made by this start. */
  readonly fresh: boolean
}

/** Opens or creates everything. Gives the directory back when it fails. */
export async function boot(
  host: Host,
  config: MemberConfig,
  explicit: boolean,
  tuning: Tuning,
): Promise<Booted> {
  const directory = await DataDirectory.open(host.disk, config.dataDir)
  try {
    const known = await Wal.exists(host.disk, directory.walDirectory)
    return known
      ? await comeBack(host, config, directory, explicit, tuning)
      : await begin(host, config, directory, tuning)
  } catch (error) {
    await directory.close()
    throw error
  }
}

function walOptions(host: Host, directory: DataDirectory, tuning: Tuning) {
  return {
    segmentBytes: tuning.walSegmentBytes,
    disk: host.disk,
    directory: directory.walDirectory,
    log: host.log,
    onFatal: (reason: Error) => host.exit(reason),
  }
}

async function begin(
  host: Host,
  config: MemberConfig,
  directory: DataDirectory,
  tuning: Tuning,
): Promise<Booted> {
  const joining = config.initialClusterState === 'existing'
  const founding = joining ? await foundByPeers(host, config) : foundByFlags(config)
  await refuseDataWithoutLog(host, config, directory, tuning)
  await host.databases.remove(directory.databasePath)
  const state = await StateHolder.open(host, config, directory, tuning)
  const confState = founding.confState
  const snapshot: SnapshotMetadata = joining
    ? { index: 0, term: 0, confState }
    : { index: 1, term: 1, confState }
  state.machine.bootstrap({
    clusterId: founding.clusterId,
    members: founding.members,
    index: snapshot.index,
    term: snapshot.term,
    confState,
  })
  const wal = await orClose(state, async () => {
    await state.commit()
    return Wal.create({
      ...walOptions(host, directory, tuning),
      clusterId: founding.clusterId,
      memberId: founding.memberId,
      snapshot,
    })
  })
  const hardState = { term: snapshot.term, vote: 0n, commit: snapshot.index }
  return {
    clusterId: founding.clusterId,
    memberId: founding.memberId,
    directory,
    wal,
    state,
    hardState,
    snapshot,
    entries: [],
    fresh: true,
  }
}

/**
 * Without a log the directory counts as empty, and so it must be: at most the state of
 * a founding that a crash cut off. A state that has grown once had a log, whose votes
 * and entries this member has promised to others; to begin anew would break them.
 */
async function refuseDataWithoutLog(
  host: Host,
  config: MemberConfig,
  directory: DataDirectory,
  tuning: Tuning,
): Promise<void> {
  const snapshots = await findSnapshots(host.disk, directory.snapshotDirectory)
  const state = await StateHolder.open(host, config, directory, tuning)
  const { appliedIndex } = state.machine
  await state.close()
  if (appliedIndex <= 1 && snapshots.length === 0) return
  throw new BootError(
    `${directory.walDirectory} holds no log, but the state beside it has applied ${appliedIndex} entries: the log was lost or moved away. Put it back; or, if the other members have the data, remove ${config.dataDir} and let this member join again`,
  )
}

interface Founding {
  readonly clusterId: bigint
  readonly memberId: bigint
  readonly members: MemberRecord[]
  readonly confState: ConfState
}

function foundByFlags(config: MemberConfig): Founding {
  const members = Object.entries(config.initialCluster).map(([name, peerUrls]) => ({
    ID: memberIdOf(peerUrls, config.initialClusterToken),
    name,
    peerUrls: [...peerUrls],
    clientUrls: [],
    isLearner: false,
  }))
  members.sort((a, b) => (a.ID < b.ID ? -1 : 1))
  const ids = members.map((member) => member.ID)
  const self = members.find((member) => member.name === config.name)
  if (self === undefined) throw new ConfigError(`"${config.name}" is not in --initial-cluster`)
  return {
    clusterId: clusterIdOf(ids),
    memberId: self.ID,
    members,
    confState: confStateOf(ids),
  }
}

/** The cluster tells who its members are; we are the one with our peer URLs. */
async function foundByPeers(host: Host, config: MemberConfig): Promise<Founding> {
  const own = [...config.initialAdvertisePeerUrls].sort().join()
  const others = Object.entries(config.initialCluster)
    .filter(([name]) => name !== config.name)
    .flatMap(([, urls]) => urls)
  const selfIn = ({ members }: Pick<DescribeResponse, 'members'>) =>
    members.find((member) => [...member.peerURLs].sort().join() === own)
  const awaitsUs = (each: DescribeResponse) => selfIn(each)?.name === ''
  const answer = await describeCluster(host, others, awaitsUs)
  const self = selfIn(answer)
  if (self === undefined)
    throw new BootError(
      `the cluster has no member with peer URLs ${own}: add it first with "member add", or found a new cluster with --initial-cluster-state new`,
    )
  if (self.name !== '')
    throw new BootError(
      `member ${self.ID.toString(16)} with peer URLs ${own} has run before, but ${config.dataDir} is empty: its data, and with it the votes that it gave, are lost. Put the data back; or remove the member from the cluster and add it again`,
    )
  return {
    clusterId: answer.clusterId,
    memberId: self.ID,
    // Whom to talk to, until a snapshot says who is there.
    members: answer.members.map(recordOf),
    confState: confStateOf([]),
  }
}

function recordOf({ ID, name, peerURLs, clientURLs, isLearner }: Member): MemberRecord {
  return { ID, name, peerUrls: peerURLs, clientUrls: clientURLs, isLearner }
}

async function comeBack(
  host: Host,
  config: MemberConfig,
  directory: DataDirectory,
  explicit: boolean,
  tuning: Tuning,
): Promise<Booted> {
  const { wal, contents } = await Wal.open(walOptions(host, directory, tuning))
  try {
    if (explicit && config.initialClusterState === 'new') refuseForeign(config, contents)
    const state = await openCaughtUp(host, config, directory, contents, tuning)
    const { machine } = state
    await orClose(state, async () => {
      refuseLostLog(directory, contents, machine.appliedIndex)
      // Whatever was received is in the state by now, or was never asked for.
      await removeSnapshots(host.disk, directory.snapshotDirectory)
    })
    return {
      clusterId: contents.clusterId,
      memberId: contents.memberId,
      directory,
      wal,
      state,
      hardState: {
        ...contents.hardState,
        commit: Math.max(contents.hardState.commit, machine.appliedIndex),
      },
      snapshot: contents.snapshot,
      entries: contents.entries,
      fresh: false,
    }
  } catch (error) {
    await wal.close()
    throw error
  }
}

/** Runs a step of the boot; the state does not stay open when it fails. */
async function orClose<T>(state: StateHolder, step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    await state.abandon()
    throw error
  }
}

function refuseLostLog(directory: DataDirectory, contents: WalContents, applied: number): void {
  const last = contents.entries.at(-1)?.index ?? contents.snapshot.index
  if (last >= applied) return
  throw new BootError(
    `the log in ${directory.walDirectory} ends at index ${last} but the state has applied ${applied}: the log lost acknowledged entries; restore this member from its peers`,
  )
}

function refuseForeign(config: MemberConfig, contents: WalContents): void {
  const { clusterId, memberId } = foundByFlags(config)
  if (clusterId === contents.clusterId && memberId === contents.memberId) return
  const hex = (id: bigint) => id.toString(16)
  throw new BootError(
    `${config.dataDir} holds member ${hex(contents.memberId)} of cluster ${hex(contents.clusterId)}, but the flags describe member ${hex(memberId)} of cluster ${hex(clusterId)}: use another --data-dir, or the --initial-cluster and --initial-cluster-token that it was made with`,
  )
}

/** The state as the log's last snapshot marker wants it, at least. */
async function openCaughtUp(
  host: Host,
  config: MemberConfig,
  directory: DataDirectory,
  contents: WalContents,
  tuning: Tuning,
): Promise<StateHolder> {
  const state = await StateHolder.open(host, config, directory, tuning)
  if (state.machine.appliedIndex >= contents.snapshot.index) return state
  await state.close()
  const snapshots = await findSnapshots(host.disk, directory.snapshotDirectory)
  const wanted = snapshots.find((found) => found.metadata.index === contents.snapshot.index)
  if (wanted === undefined)
    throw new BootError(
      `the log names a snapshot at index ${contents.snapshot.index} that is neither in ${directory.snapshotDirectory} nor in the state: this member's data is incomplete; remove ${config.dataDir} and let it join again`,
    )
  await installSnapshot({
    disk: host.disk,
    databases: host.databases,
    path: wanted.path,
    databasePath: directory.databasePath,
    tables: TABLES,
  })
  return StateHolder.open(host, config, directory, tuning)
}

function confStateOf(voters: readonly bigint[]): ConfState {
  return {
    voters: [...voters],
    learners: [],
    votersOutgoing: [],
    learnersNext: [],
    autoLeave: false,
  }
}
