/**
 * Users, roles and permissions as they are stored and granted.
 *
 * Wire facts: etcd v3.7.1. 64-bit integers are bigint unless marked JS_NUMBER:
 * ids are random and do not fit a double, revisions and counts do.
 *
 * Generated from proto/auth.proto by `npm run proto`; do not edit.
 */

import {
  type Codec,
  type Init,
  InvalidMessage,
  invalid,
  NO_BYTES,
  openReader,
  type Reader,
  readString,
  Writer,
} from '../codec.js'

/** Message `authpb.UserAddOptions`. */
export interface UserAddOptions {
  noPassword: boolean
}
/** Codec of `authpb.UserAddOptions`. */
export const UserAddOptions: Codec<UserAddOptions> = {
  name: 'authpb.UserAddOptions',
  create(init: Init<UserAddOptions> = {}): UserAddOptions {
    return {
      noPassword: init.noPassword ?? false,
    }
  },
  encode(message: Init<UserAddOptions>, w: Writer = Writer.create()): Writer {
    if (message.noPassword) w.uint32(8).bool(message.noPassword)
    return w
  },
  decode(
    source: Reader | Uint8Array,
    length?: number,
    depth = 0,
    into?: UserAddOptions,
  ): UserAddOptions {
    const reader = openReader(source, depth, 'authpb.UserAddOptions')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: UserAddOptions = into ?? {
        noPassword: false,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.noPassword = reader.bool()
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('authpb.UserAddOptions', error)
    }
  },
}

/** Message `authpb.User`. */
export interface User {
  name: Uint8Array
  password: Uint8Array
  roles: string[]
  options: UserAddOptions | undefined
}
/** Codec of `authpb.User`. */
export const User: Codec<User> = {
  name: 'authpb.User',
  create(init: Init<User> = {}): User {
    return {
      name: init.name ?? NO_BYTES,
      password: init.password ?? NO_BYTES,
      roles: init.roles ? [...init.roles] : [],
      options: init.options && UserAddOptions.create(init.options),
    }
  },
  encode(message: Init<User>, w: Writer = Writer.create()): Writer {
    if (message.name?.length) w.uint32(10).bytes(message.name)
    if (message.password?.length) w.uint32(18).bytes(message.password)
    if (message.roles) for (const item of message.roles) w.uint32(26).string(item)
    if (message.options !== undefined)
      UserAddOptions.encode(message.options, w.uint32(34).fork()).ldelim()
    return w
  },
  decode(source: Reader | Uint8Array, length?: number, depth = 0, into?: User): User {
    const reader = openReader(source, depth, 'authpb.User')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: User = into ?? {
        name: NO_BYTES,
        password: NO_BYTES,
        roles: [],
        options: undefined,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.name = reader.bytes()
            break
          case 18:
            message.password = reader.bytes()
            break
          case 26:
            message.roles.push(readString(reader))
            break
          case 34:
            message.options = UserAddOptions.decode(
              reader,
              reader.size(),
              depth + 1,
              message.options,
            )
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('authpb.User', error)
    }
  },
}

/** Message `authpb.Permission`. */
export interface Permission {
  permType: Type
  key: Uint8Array
  rangeEnd: Uint8Array
}
/** Codec of `authpb.Permission`. */
export const Permission: Codec<Permission> = {
  name: 'authpb.Permission',
  create(init: Init<Permission> = {}): Permission {
    return {
      permType: init.permType ?? 0,
      key: init.key ?? NO_BYTES,
      rangeEnd: init.rangeEnd ?? NO_BYTES,
    }
  },
  encode(message: Init<Permission>, w: Writer = Writer.create()): Writer {
    if (message.permType) w.uint32(8).int32(message.permType)
    if (message.key?.length) w.uint32(18).bytes(message.key)
    if (message.rangeEnd?.length) w.uint32(26).bytes(message.rangeEnd)
    return w
  },
  decode(source: Reader | Uint8Array, length?: number, depth = 0, into?: Permission): Permission {
    const reader = openReader(source, depth, 'authpb.Permission')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: Permission = into ?? {
        permType: 0,
        key: NO_BYTES,
        rangeEnd: NO_BYTES,
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 8:
            message.permType = reader.int32() as Type
            break
          case 18:
            message.key = reader.bytes()
            break
          case 26:
            message.rangeEnd = reader.bytes()
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('authpb.Permission', error)
    }
  },
}

/** Enum `authpb.Permission.Type`. */
export const Type = {
  READ: 0,
  WRITE: 1,
  READWRITE: 2,
} as const
/** A value of {@link Type}; a peer may send numbers that are not in it. */
export type Type = (typeof Type)[keyof typeof Type]

/** Message `authpb.Role`. */
export interface Role {
  name: Uint8Array
  keyPermission: Permission[]
}
/** Codec of `authpb.Role`. */
export const Role: Codec<Role> = {
  name: 'authpb.Role',
  create(init: Init<Role> = {}): Role {
    return {
      name: init.name ?? NO_BYTES,
      keyPermission: init.keyPermission?.map((item) => Permission.create(item)) ?? [],
    }
  },
  encode(message: Init<Role>, w: Writer = Writer.create()): Writer {
    if (message.name?.length) w.uint32(10).bytes(message.name)
    if (message.keyPermission)
      for (const item of message.keyPermission)
        Permission.encode(item, w.uint32(18).fork()).ldelim()
    return w
  },
  decode(source: Reader | Uint8Array, length?: number, depth = 0, into?: Role): Role {
    const reader = openReader(source, depth, 'authpb.Role')
    try {
      const end = length === undefined ? reader.len : reader.pos + length
      if (end > reader.len) throw new InvalidMessage('the message is cut off')
      const message: Role = into ?? {
        name: NO_BYTES,
        keyPermission: [],
      }
      while (reader.pos < end) {
        const tag = reader.tag()
        switch (tag) {
          case 10:
            message.name = reader.bytes()
            break
          case 18:
            message.keyPermission.push(Permission.decode(reader, reader.size(), depth + 1))
            break
          default:
            if (tag < 8) throw new InvalidMessage('field number 0')
            reader.skipType(tag & 7, 0, tag >>> 3)
        }
      }
      if (reader.pos !== end) throw new InvalidMessage('a field runs past the end of its message')
      return message
    } catch (error) {
      throw invalid('authpb.Role', error)
    }
  },
}
