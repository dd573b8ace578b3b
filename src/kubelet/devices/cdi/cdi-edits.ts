import { WherryError } from '#lib/errors.ts'

/**
 * The Container Device Interface (github.com/cncf-tags/container-device-interface, SPEC.md 1.0): files on the node say what makes a named
 * device usable in a container. Newer runtimes read them; here they are read for those that do not.
 */
export interface CdiFile {
  readonly path: string
  /** Of its folder; where two files have one device, the higher one counts. */
  readonly priority: number
  /** Undefined where it cannot be read. */
  readonly content: unknown
}

/** What a container gets, as far as it can be said to a runtime by CRI. */
export interface CdiEdits {
  readonly environment: readonly { readonly key: string; readonly value: string }[]
  readonly devices: readonly { readonly containerPath: string; readonly hostPath: string; readonly permissions: string }[]
  readonly mounts: readonly CdiMount[]
  readonly groups: readonly number[]
}

export interface CdiMount {
  readonly containerPath: string
  readonly hostPath: string
  readonly readonly: boolean
  readonly propagation: 'None' | 'HostToContainer' | 'Bidirectional'
}

/**
 * What these devices (`vendor.com/class=name`) make of a container. Throws `Invalid` for one that no file has, that two files of one folder
 * have, or that needs more than CRI can say, such as hooks.
 */
export function cdiEdits(files: readonly CdiFile[], names: readonly string[]): CdiEdits {
  const specs = files.flatMap(({ path, priority, content }) => (isSpec(content) ? [{ path, priority, spec: content }] : []))
  const found = names.map((name) => {
    const [kind, device] = name.split('=')
    const having = specs
      .filter(({ spec }) => spec.kind === kind && spec.devices?.some((one) => one.name === device))
      .toSorted((a, b) => b.priority - a.priority)
    const [best, second] = having
    if (best === undefined || second?.priority === best.priority) return { name, spec: undefined, edits: undefined }
    return { name, spec: best.spec, edits: best.spec.devices?.find((one) => one.name === device)?.containerEdits }
  })
  const missing = found.filter(({ spec }) => spec === undefined).map(({ name }) => name)
  if (missing.length > 0) {
    const broken = files.filter(({ content }) => content === undefined).map(({ path }) => path)
    const hint = broken.length === 0 ? '' : ` (cannot be read: ${broken.join(', ')})`
    throw new WherryError('Invalid', `CDI device injection failed: unresolvable CDI devices ${missing.join(', ')}${hint}`)
  }
  // What a file says of all its devices is done once, before what it says of each.
  const general = [...new Set(found.map(({ spec }) => spec!))].map((spec) => ({ name: spec.kind, edits: spec.containerEdits }))
  return merge([...general, ...found])
}

function merge(all: readonly { readonly name: string; readonly edits: ContainerEdits | undefined }[]): CdiEdits {
  const environment = new Map<string, string>()
  const devices = new Map<string, CdiEdits['devices'][number]>()
  const mounts = new Map<string, CdiMount>()
  const groups = new Set<number>()
  for (const { name, edits = {} } of all) {
    const more = Object.keys(edits).filter((key) => !known.has(key) && !isEmpty(edits[key as keyof ContainerEdits]))
    if (more.length > 0)
      throw new WherryError(
        'Invalid',
        `CDI device injection failed: ${name} needs ${more.join(', ')}, which this container runtime cannot be told; use one that reads CDI files itself`,
      )
    for (const text of edits.env ?? []) {
      const [key = '', ...rest] = text.split('=')
      environment.set(key, rest.join('='))
    }
    for (const { path, hostPath, permissions } of edits.deviceNodes ?? [])
      devices.set(path, { containerPath: path, hostPath: hostPath || path, permissions: permissions || 'rwm' })
    for (const mount of edits.mounts ?? []) mounts.set(mount.containerPath, mountOf(name, mount))
    for (const group of edits.additionalGids ?? []) if (group > 0) groups.add(group)
  }
  return {
    environment: [...environment].map(([key, value]) => ({ key, value })),
    devices: [...devices.values()],
    mounts: [...mounts.values()],
    groups: [...groups],
  }
}

function mountOf(name: string, { hostPath, containerPath, options = [], type }: NonNullable<ContainerEdits['mounts']>[number]): CdiMount {
  if (type && type !== 'bind' && type !== 'none')
    throw new WherryError(
      'Invalid',
      `CDI device injection failed: ${name} needs a mount of type ${type}, which this container runtime cannot be told`,
    )
  const has = (...words: string[]) => words.some((word) => options.includes(word))
  const propagation = has('shared', 'rshared') ? 'Bidirectional' : has('slave', 'rslave') ? 'HostToContainer' : 'None'
  return { hostPath, containerPath, readonly: has('ro'), propagation }
}

interface Spec {
  readonly kind: string
  readonly devices?: readonly { readonly name: string; readonly containerEdits?: ContainerEdits }[]
  readonly containerEdits?: ContainerEdits
}

interface ContainerEdits {
  readonly env?: readonly string[]
  readonly deviceNodes?: readonly { readonly path: string; readonly hostPath?: string; readonly permissions?: string }[]
  readonly mounts?: readonly {
    readonly hostPath: string
    readonly containerPath: string
    readonly options?: readonly string[]
    readonly type?: string
  }[]
  readonly additionalGids?: readonly number[]
}

const known = new Set(['env', 'deviceNodes', 'mounts', 'additionalGids'])
const isEmpty = (value: unknown): boolean => value === undefined || value === null || (Array.isArray(value) && value.length === 0)

/** A file that is no specification has no devices: those who need one are told that it is missing. */
const isSpec = (content: unknown): content is Spec =>
  typeof content === 'object' && content !== null && typeof (content as { kind?: unknown }).kind === 'string'
