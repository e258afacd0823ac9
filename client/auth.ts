/**
 * Users and roles of the cluster, and whether they count.
 *
 * A user has roles, a role has permissions on ranges of keys. While authentication is on,
 * every call is made by a user (`auth` of `connect`); the user `root` with the role `root`
 * may do everything, and only it may change what stands here.
 */

import { type Bytes, toBytes } from './bytes.js'
import type { Calls } from './calls.js'
import type { RequestOptions } from './connection/connection.js'
import { invalidArgument } from './errors.js'
import { inWords } from './in-words.js'
import { type Range, toRange } from './range.js'
import { requestOnly } from './request-checks.js'
import { Type } from './wire/generated/auth.js'
import { Auth } from './wire/methods.js'

/** What a permission allows. */
export type Access = 'read' | 'write' | 'readwrite'

/** What a role may do with which keys. */
export interface Permission {
  readonly access: Access
  /** First key. */
  readonly key: Uint8Array
  /** First key behind the range; empty: the one key; `\0`: no end. */
  readonly rangeEnd: Uint8Array
}

/** Whether users and roles count. */
export interface AuthStatus {
  readonly enabled: boolean
  /** Grows with every change of users and roles. */
  readonly authRevision: number
}

const TYPE_BY_ACCESS: Readonly<Record<Access, Type>> = {
  read: Type.READ,
  write: Type.WRITE,
  readwrite: Type.READWRITE,
}

/**
 * The auth service of a client.
 *
 * Everything may fail with `permission-denied`, `unauthenticated`, `auth-state` (no such
 * user or role, or it exists already) and `outcome-unknown`.
 *
 * @example
 * await client.auth.users.add('root', 'secret')
 * await client.auth.roles.add('root')
 * await client.auth.users.grantRole('root', 'root')
 * await client.auth.enable()
 */
export class AuthClient {
  readonly users: Users
  readonly roles: Roles
  readonly #calls: Calls

  constructor(calls: Calls) {
    this.#calls = calls
    this.users = new Users(calls)
    this.roles = new Roles(calls)
  }

  /**
   * From now on every call needs a user.
   *
   * @throws {ConclaveError} `auth-state`: there is no user `root` with the role `root`.
   */
  async enable(options: RequestOptions = {}): Promise<void> {
    await this.#calls.call(Auth.authEnable, {}, 'write', requestOnly(options))
  }

  /** From now on everybody may do everything. */
  async disable(options: RequestOptions = {}): Promise<void> {
    await this.#calls.call(Auth.authDisable, {}, 'write', requestOnly(options))
  }

  /** @throws {ConclaveError} `unimplemented`: etcd before 3.5 does not tell. */
  async status(options: RequestOptions = {}): Promise<AuthStatus> {
    const { enabled, authRevision } = await this.#calls.call(
      Auth.authStatus,
      {},
      'read',
      requestOnly(options),
    )
    return { enabled, authRevision }
  }
}

/**
 * Who may use the cluster.
 *
 * @example
 * await client.auth.users.add('reader', 'secret')
 * await client.auth.users.grantRole('reader', 'readers')
 */
export class Users {
  readonly #calls: Calls

  constructor(calls: Calls) {
    this.#calls = calls
  }

  /** @param password absent: a user without one, who is known by the name in a certificate. */
  async add(name: string, password?: string, options: RequestOptions = {}): Promise<void> {
    const request = {
      name: toName(name, 'user'),
      password: password === undefined ? '' : toPassword(password),
      options: { noPassword: password === undefined },
    }
    await this.#calls.call(Auth.userAdd, request, 'write', requestOnly(options))
  }

  async delete(name: string, options: RequestOptions = {}): Promise<void> {
    await this.#calls.call(
      Auth.userDelete,
      { name: toName(name, 'user') },
      'write',
      requestOnly(options),
    )
  }

  /** The names of all users. */
  async list(options: RequestOptions = {}): Promise<string[]> {
    return (await this.#calls.call(Auth.userList, {}, 'read', requestOnly(options))).users
  }

  /** The names of a user's roles. */
  async get(name: string, options: RequestOptions = {}): Promise<{ readonly roles: string[] }> {
    const request = { name: toName(name, 'user') }
    const { roles } = await this.#calls.call(Auth.userGet, request, 'read', requestOnly(options))
    return { roles }
  }

  async changePassword(
    name: string,
    password: string,
    options: RequestOptions = {},
  ): Promise<void> {
    const request = { name: toName(name, 'user'), password: toPassword(password) }
    await this.#calls.call(Auth.userChangePassword, request, 'write', requestOnly(options))
  }

  async grantRole(name: string, role: string, options: RequestOptions = {}): Promise<void> {
    const request = { user: toName(name, 'user'), role: toName(role, 'role') }
    await this.#calls.call(Auth.userGrantRole, request, 'write', requestOnly(options))
  }

  async revokeRole(name: string, role: string, options: RequestOptions = {}): Promise<void> {
    const request = { name: toName(name, 'user'), role: toName(role, 'role') }
    await this.#calls.call(Auth.userRevokeRole, request, 'write', requestOnly(options))
  }
}

/**
 * What users may do.
 *
 * @example
 * await client.auth.roles.add('readers')
 * console.log(await client.auth.roles.list())
 */
export class Roles {
  readonly #calls: Calls

  constructor(calls: Calls) {
    this.#calls = calls
  }

  async add(name: string, options: RequestOptions = {}): Promise<void> {
    await this.#calls.call(
      Auth.roleAdd,
      { name: toName(name, 'role') },
      'write',
      requestOnly(options),
    )
  }

  async delete(name: string, options: RequestOptions = {}): Promise<void> {
    await this.#calls.call(
      Auth.roleDelete,
      { role: toName(name, 'role') },
      'write',
      requestOnly(options),
    )
  }

  /** The names of all roles. */
  async list(options: RequestOptions = {}): Promise<string[]> {
    return (await this.#calls.call(Auth.roleList, {}, 'read', requestOnly(options))).roles
  }

  /** What a role may do. The role `root` may do everything and has no permissions. */
  async get(
    name: string,
    options: RequestOptions = {},
  ): Promise<{ readonly permissions: Permission[] }> {
    const request = { role: toName(name, 'role') }
    const { perm } = await this.#calls.call(Auth.roleGet, request, 'read', requestOnly(options))
    return {
      permissions: perm.map(({ permType, key, rangeEnd }) => ({
        access: accessOf(permType),
        key: toBytes(key, 'key'),
        rangeEnd: toBytes(rangeEnd, 'range end'),
      })),
    }
  }

  /**
   * Lets a role use keys; a permission on the very same range is replaced.
   *
   * @param keys whole keys of the cluster, also from within a namespace; plain bytes are one key.
   * @example
   * await client.auth.roles.grant('reader', 'read', { prefix: 'config/' })
   */
  async grant(
    name: string,
    access: Access,
    keys: Bytes | Range,
    options: RequestOptions = {},
  ): Promise<void> {
    const permType = Object.hasOwn(TYPE_BY_ACCESS, access) ? TYPE_BY_ACCESS[access] : undefined
    if (permType === undefined)
      throw invalidArgument(`The access is read, write or readwrite, not ${inWords(access)}.`)
    const request = { name: toName(name, 'role'), perm: { permType, ...toRange(keys) } }
    await this.#calls.call(Auth.roleGrantPermission, request, 'write', requestOnly(options))
  }

  /** @param keys exactly as granted. */
  async revoke(name: string, keys: Bytes | Range, options: RequestOptions = {}): Promise<void> {
    const request = { role: toName(name, 'role'), ...toRange(keys) }
    await this.#calls.call(Auth.roleRevokePermission, request, 'write', requestOnly(options))
  }
}

function accessOf(type: Type): Access {
  if (type === Type.READ) return 'read'
  return type === Type.WRITE ? 'write' : 'readwrite'
}

function toName(name: string, what: string): string {
  if (typeof name === 'string' && name !== '') return name
  throw invalidArgument(`The name of a ${what} is a string that is not empty.`)
}

/** Never in a message. */
function toPassword(password: string): string {
  if (typeof password === 'string' && password !== '') return password
  throw invalidArgument('A password is a string that is not empty.')
}
