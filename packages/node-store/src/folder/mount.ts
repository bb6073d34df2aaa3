import { open, readFile, statfs } from 'node:fs/promises'

/** A file system as it is mounted. */
export interface Mount {
  /** As the kernel names it, such as `nfs4` or `fuse.sshfs`. */
  readonly type: string
  readonly options: readonly string[]
}

/**
 * The numbers that `statfs` gives for file systems which other machines may share, and for those in user space, which
 * may be such.
 * @see https://github.com/torvalds/linux/blob/master/include/uapi/linux/magic.h
 */
const sharedTypes: ReadonlySet<number> = new Set([
  0x6969, // NFS
  0x517b, // SMB
  0xff534d42, // CIFS
  0xfe534d42, // SMB 2 and later
  0x65735546, // FUSE
  0x01021997, // 9P
  0x786f4256, // VirtualBox
  0x00c36400, // Ceph
  0x5346414f, // AFS
  0x6b414653, // AFS, of OpenAFS and others
  0x01161970, // GFS2
  0x7461636f, // OCFS2
  0x0bd00bd0, // Lustre
  0x47504653, // GPFS
])

/**
 * The mount that a folder is on, where other machines may share it; `undefined` for a local disk, and where the system does
 * not tell (it tells on Linux).
 */
export async function findMount(folder: string): Promise<Mount | undefined> {
  try {
    if (!sharedTypes.has((await statfs(folder)).type)) return undefined
    await using handle = await open(folder)
    const [descriptor, mounts] = await Promise.all([
      readFile(`/proc/self/fdinfo/${handle.fd}`, 'utf8'),
      readFile('/proc/self/mountinfo', 'utf8'),
    ])
    return parseMount(/^mnt_id:\s*(\d+)$/m.exec(descriptor)?.[1] ?? '', mounts)
  } catch {
    // Such as a system without /proc: macOS, Windows. Then only a try tells whether locks keep others out.
    return undefined
  }
}

/**
 * The mount with a number, in the text of `/proc/self/mountinfo`.
 * @see proc_pid_mountinfo(5): `36 35 98:0 /root /mnt rw,noatime master:1 - ext3 /dev/root rw,errors=continue`
 */
export function parseMount(id: string, text: string): Mount | undefined {
  const line = text.split('\n').find((each) => each.startsWith(`${id} `))
  const [ofMount = '', ofFileSystem = ''] = line?.split(' - ') ?? []
  const [type, , options] = ofFileSystem.split(' ')
  if (type === undefined || type === '') return undefined
  const all = `${ofMount.split(' ')[5] ?? ''},${options ?? ''}`
  return { type, options: all.split(',').filter((option) => option !== '') }
}

/** File systems in user space that leave locks to the kernel of each machine. */
const withoutSharedLocks: Readonly<Record<string, string>> = {
  // https://github.com/libfuse/sshfs/pull/55
  'fuse.sshfs': 'sshfs does not tell the server of locks',
  // https://github.com/s3fs-fuse/s3fs-fuse/issues/2137
  'fuse.s3fs': 's3fs does not tell other machines of locks',
}

/**
 * Why locks on a mount keep out this machine alone; `undefined` where they keep out others too, or where that is not
 * known. Ours are locks of POSIX (`F_OFD_SETLK`).
 * @see nfs(5), `local_lock` and `nolock`; mount.cifs(8), `nobrl`
 */
export function judgeLocks(mount: Mount | undefined): string | undefined {
  if (mount === undefined) return undefined
  const { type, options } = mount
  const localOptions: Readonly<Record<string, readonly string[]>> = {
    nfs: ['local_lock=all', 'local_lock=posix', 'nolock'],
    nfs4: ['local_lock=all', 'local_lock=posix', 'nolock'],
    cifs: ['nobrl'],
    smb3: ['nobrl'],
  }
  const option = localOptions[type]?.find((each) => options.includes(each))
  if (option === undefined) return withoutSharedLocks[type]
  return `it is mounted with \`${option}\`, which hides locks from other machines. Mount it without that option`
}

/** Why the system does not tell of changes that other machines make; `undefined` where there is no such doubt. */
export function judgeHints(mount: Mount | undefined): string | undefined {
  return mount && `changes that other machines make to a file system of the type ${mount.type} are not told`
}
