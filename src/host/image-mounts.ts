import { createHash } from 'node:crypto'
import type { ImageMounts } from '#kubelet/volumes/shared.ts'
import { isError, WherryError } from '#lib/errors.ts'
import type { Of, Type } from '#schema/schema.ts'
import { bool, field, list, map, message, string } from '#schema/schema.ts'
import { openChannel } from './cri/channel.ts'
import { mountMs, mountsBelow } from './mount-table.ts'
import { run } from './run.ts'

export interface ImageMountsOptions {
  /** containerd's socket, which serves both CRI and its own services. */
  readonly endpoint: string
  /** What CRI's `Version` says of the runtime. */
  readonly version: () => Promise<{ readonly name: string; readonly version: string }>
}

/**
 * Images as directories of this machine: a view of the image's layers that containerd's snapshotter makes, mounted by us, for runtimes from
 * before CRI's `Mount.image` (containerd 2.1, CRI-O 1.31; KEP-4639). The layers stay for as long as the view is there, whatever becomes
 * of the image.
 */
export function createImageMounts({ endpoint, version }: ImageMountsOptions): ImageMounts {
  let native: Promise<boolean> | undefined
  /** A connection for each call: there is one now and then, and nobody has to close what nobody keeps. */
  const call = async <Q, QI, A, AI>(path: string, request: Type<Q, QI>, answer: Type<A, AI>, content: QI): Promise<A> => {
    const channel = openChannel(endpoint)
    try {
      return await channel.call(path, request, answer, content, callMs, namespace)
    } finally {
      channel.close()
    }
  }
  const chainOf = async (imageId: string): Promise<string> => {
    const { info = {} } = await call('/runtime.v1.ImageService/ImageStatus', ImageStatusRequest, ImageStatusResponse, {
      image: { image: imageId },
      verbose: true,
    })
    const { chainID } = JSON.parse(info['info'] ?? '{}') as { chainID?: string }
    if (!chainID) throw new WherryError('NotFound', `failed to mount image "${imageId}": the runtime does not tell its layers`)
    return chainID
  }
  return {
    isNative() {
      native ??= version()
        .then(({ name, version }) => mountsImages(name, version))
        .catch((error: unknown) => {
          native = undefined
          throw error
        })
      return native
    },
    async mount(imageId, path) {
      const key = keyOf(path)
      const labels = { [keepLabel]: 'pod volume' }
      let mounts: Of<typeof MountsResponse>
      try {
        const parent = await chainOf(imageId)
        mounts = await call(`${snapshots}/View`, ViewRequest, MountsResponse, { snapshotter, key, parent, labels })
      } catch (error) {
        if (!isError(error, 'AlreadyExists')) throw error
        mounts = await call(`${snapshots}/Mounts`, KeyRequest, MountsResponse, { snapshotter, key })
      }
      const [view] = mounts.mounts ?? []
      if (!view) throw new WherryError('InternalError', `failed to mount image "${imageId}": its snapshot has no mounts`)
      if (!(await mountsBelow(path)).includes(path)) await mountView(view, path)
    },
    async release(path) {
      try {
        await call(`${snapshots}/Remove`, KeyRequest, Empty, { snapshotter, key: keyOf(path) })
      } catch (error) {
        if (!isError(error, 'NotFound')) throw error
      }
    },
  }
}

const callMs = 2 * 60_000
const snapshotter = 'overlayfs'
const snapshots = '/containerd.services.snapshots.v1.Snapshots'
const namespace = { 'containerd-namespace': 'k8s.io' }
/** containerd's own clearing keeps what has this label, whatever its value. */
const keepLabel = 'containerd.io/gc.root'

/** A view for each place: found again by whoever comes after us. */
const keyOf = (path: string): string => `wherry-volume-${createHash('sha256').update(path).digest('hex').slice(0, 32)}`

export function mountsImages(name: string, version: string): boolean {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number.parseFloat)
  if (name === 'containerd') return major > 2 || (major === 2 && minor >= 1)
  if (name === 'cri-o') return major > 1 || (major === 1 && minor >= 31)
  return true
}

/**
 * An image of many layers has more of them than fit into the page that mount(2) takes: their common folder is left out, and is where mount(8)
 * runs. A single layer is no overlay, but a bind mount.
 */
export async function mountView({ type = '', source = '', options = [] }: Of<typeof ViewMount>, path: string): Promise<void> {
  const { directory, options: short } = shortened(options)
  const all = [...new Set([...short, 'ro'])].join(',')
  const args = ['-n', '--no-canonicalize', '-t', type, '-o', all, source, path]
  await run('mount', args, { timeoutMs: mountMs, ...(directory !== undefined && { directory }) })
}

/** Takes the folder that all layers share out of `lowerdir`. */
export function shortened(options: readonly string[]): { readonly directory?: string; readonly options: readonly string[] } {
  const lower = options.find((option) => option.startsWith(lowerOption))
  if (lower === undefined) return { options }
  const layers = lower.slice(lowerOption.length).split(':')
  const [first = ''] = layers
  let end = first.length
  for (const layer of layers) while (!layer.startsWith(first.slice(0, end))) end -= 1
  const directory = first.slice(0, first.lastIndexOf('/', end))
  if (directory === '' || layers.length < 2) return { options }
  const relative = layers.map((layer) => layer.slice(directory.length + 1)).join(':')
  return { directory, options: options.map((option) => (option === lower ? `${lowerOption}${relative}` : option)) }
}

const lowerOption = 'lowerdir='

// containerd's snapshots.proto and types/mount.proto, CRI's ImageStatus with what it tells when asked for more.
const ViewMount = message('containerd.types.Mount', {
  type: field(1, string()),
  source: field(2, string()),
  options: field(4, list(string())),
})
const Empty = message('google.protobuf.Empty', {})
const ViewRequest = message('containerd.services.snapshots.v1.ViewSnapshotRequest', {
  snapshotter: field(1, string()),
  key: field(2, string()),
  parent: field(3, string()),
  labels: field(4, map(string())),
})
const KeyRequest = message('containerd.services.snapshots.v1.MountsRequest', { snapshotter: field(1, string()), key: field(2, string()) })
const MountsResponse = message('containerd.services.snapshots.v1.MountsResponse', { mounts: field(1, list(ViewMount)) })
const ImageStatusRequest = message('runtime.v1.ImageStatusRequest', {
  image: field(1, message('runtime.v1.ImageSpec', { image: field(1, string()) })),
  verbose: field(2, bool()),
})
const ImageStatusResponse = message('runtime.v1.ImageStatusResponse', { info: field(2, map(string())) })
