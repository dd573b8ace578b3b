import type { Node } from '#api/core/v1/node.ts'
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { WherryError } from '#lib/errors.ts'
import type { ClaimSource } from '../claim-source.ts'
import type { OwnNode } from '../own-node.ts'

/** Claims, what they are bound to, and the node, as a test puts them. */
export interface ClaimWorld extends ClaimSource {
  readonly node: OwnNode
  /** A claim bound to a volume of the same name, of 1 GiB. */
  bind(name: string, source: object, more?: { readonly claim?: object; readonly status?: object }): void
  setNode(change: { readonly labels?: Record<string, string>; readonly status?: object }): void
  grow(name: string, storage: string, status?: object): void
  statusOf(name: string): NonNullable<PersistentVolumeClaim['status']>
}

export function createClaimWorld(): ClaimWorld {
  const claims = new Map<string, PersistentVolumeClaim>()
  const volumes = new Map<string, PersistentVolume>()
  const waiting = new Set<() => void>()
  let node = { metadata: { name: 'node', labels: {} }, status: {} } as unknown as Node
  const found = <T>(map: ReadonlyMap<string, T>, name: string): T => {
    const one = map.get(name)
    if (one === undefined) throw new WherryError('NotFound', `"${name}" not found`)
    return one
  }
  return {
    claim: async (name) => found(claims, name),
    volume: async (name) => found(volumes, name),
    async updateStatus(claim, status) {
      const next = { ...claim, status }
      claims.set(claim.metadata.name, next)
      return next
    },
    node: {
      read: async () => node,
      until: (find, signal) =>
        new Promise((resolve, reject) => {
          if (signal.aborted) return reject(signal.reason)
          const look = (): void => {
            const value = find(node)
            if (value === undefined) return
            waiting.delete(look)
            resolve(value)
          }
          signal.addEventListener('abort', () => reject(signal.reason), { once: true })
          waiting.add(look)
          look()
        }),
    },
    bind(name, source, { claim = {}, status = {} } = {}) {
      const capacity = { storage: '1Gi' }
      const uid = `claim-${name}`
      volumes.set(name, {
        metadata: { name },
        spec: { capacity, claimRef: { uid }, accessModes: ['ReadWriteOnce'], ...source },
      } as unknown as PersistentVolume)
      claims.set(name, {
        metadata: { name, namespace: 'default', uid, ...claim },
        spec: { volumeName: name, accessModes: ['ReadWriteOnce'], resources: { requests: capacity } },
        status: { phase: 'Bound', capacity, ...status },
      } as unknown as PersistentVolumeClaim)
    },
    setNode({ labels, status }) {
      node = { ...node, metadata: { ...node.metadata, ...(labels && { labels }) }, status: { ...node.status, ...status } } as Node
      for (const look of [...waiting]) look()
    },
    grow(name, storage, status = {}) {
      const volume = found(volumes, name)
      volumes.set(name, { ...volume, spec: { ...volume.spec, capacity: { storage } } } as PersistentVolume)
      const claim = found(claims, name)
      const spec = { ...claim.spec, resources: { requests: { storage } } }
      claims.set(name, { ...claim, spec, status: { ...claim.status, ...status } } as PersistentVolumeClaim)
    },
    statusOf: (name) => found(claims, name).status!,
  }
}
