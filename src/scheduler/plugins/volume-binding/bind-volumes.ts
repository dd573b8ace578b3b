import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { selectedNode } from '#api/core/v1/volume-binding.ts'
import type { Client } from '#client/client.ts'
import { compareResourceVersions } from '#client/resource-version.ts'
import { WherryError } from '#lib/errors.ts'
import type { Of } from '#schema/schema.ts'
import type { BindMeans } from '../../framework/plugin.ts'
import type { World } from '../../world/world.ts'
import { isFullyBound, keyOfClaim } from '../volume-common/claims.ts'
import { createCsiNodes } from '../volume-common/csi-nodes.ts'
import type { Hold, Taken } from './assume-volumes.ts'
import { boundReach } from './volume-affinity.ts'
import { claimChange, createVolumeChanges, nodeChange, volumeChange } from './volume-changes.ts'

/**
 * Writes what was taken, and waits until the binder has bound every claim: it, or a provisioner, does the rest. A write is refused where its
 * object has changed since it was taken. Nothing written is undone: the claim keeps its volume, or its node, for the next try. Throws
 * `Timeout` after `timeoutMs`, and whatever refuses a write or parts a claim from its volume or node, in the reference's words.
 */
export async function bindVolumes(taken: Taken, timeoutMs: number, means: BindMeans): Promise<void> {
  const { client, signal } = means
  if (signal.aborted) throw cancelled(signal)
  for (const { hold } of taken.volumes) {
    await write(PersistentVolume, hold, client)
    if (signal.aborted) throw cancelled(signal)
  }
  for (const { hold } of taken.claims) {
    await write(PersistentVolumeClaim, hold, client)
    if (signal.aborted) throw cancelled(signal)
  }
  await allBound(taken, timeoutMs, means)
}

async function write<K extends typeof PersistentVolume | typeof PersistentVolumeClaim>(
  kind: K,
  hold: Hold<Of<K>> | undefined,
  client: Client,
): Promise<void> {
  if (hold === undefined) return
  hold.write ??= client.update(kind, hold.object).then(({ metadata }) => {
    hold.written = metadata.resourceVersion
  })
  await hold.write
}

/** Looks at once and then after every change of what is waited for; two deadlines beside, and no polling. */
function allBound(taken: Taken, timeoutMs: number, { clock, world, signal }: BindMeans): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const changes = world.kept(createVolumeChanges)
  const stops = new Map<string, () => void>()
  let isOver = false
  const watch = (key: string): void => {
    if (!stops.has(key)) stops.set(key, changes.on(key, look))
  }
  function end(): void {
    isOver = true
    for (const stop of stops.values()) stop()
    stops.clear()
  }
  function look(): void {
    if (isOver) return
    try {
      if (!isBound(taken, world, watch)) return
      end()
      resolve()
    } catch (error) {
      end()
      reject(error)
    }
  }
  const cancel = (): void => {
    end()
    reject(cancelled(signal))
  }
  stops.set(
    'deadline',
    clock.schedule(clock.now() + timeoutMs, () => {
      end()
      reject(new WherryError('Timeout', 'binding volumes: context deadline exceeded'))
    }),
  )
  signal.addEventListener('abort', cancel, { once: true })
  stops.set('signal', () => signal.removeEventListener('abort', cancel))
  look()
  return promise
}

/**
 * Whether every claim is bound. Looks at what the server says, not at what was assumed: another pod may have taken the same again. `watch` is
 * told what may change the answer. Throws where waiting would be in vain.
 */
function isBound(taken: Taken, world: World, watch: (key: string) => void): boolean {
  watch(nodeChange(taken.nodeName))
  const node = world.nodes.nodes.get(taken.nodeName)
  if (node === undefined) throw failure('NotFound', `failed to get node "${taken.nodeName}": node "${taken.nodeName}" not found`)
  const labels = node.node.metadata.labels ?? {}
  const volumes = world.lookups.of(PersistentVolume)
  const claims = world.lookups.of(PersistentVolumeClaim)
  for (const { name, claim } of taken.volumes) {
    watch(volumeChange(name))
    watch(claimChange(claim))
  }
  for (const { claim } of taken.claims) watch(claimChange(claim))

  const mustAllow = (volume: PersistentVolume): void => {
    const found = boundReach(volume)(world.kept(createCsiNodes).get(taken.nodeName))
    if ('problem' in found) throw failure('Invalid', found.problem)
    if (found.reach(labels)) return
    throw failure(
      'Conflict',
      `pv "${volume.metadata.name}" node affinity doesn't match node "${taken.nodeName}": no matching NodeSelectorTerms`,
    )
  }

  for (const { name, claim, hold } of taken.volumes) {
    const volume = volumes.actual(name)
    if (volume === undefined) throw failure('NotFound', `failed to check binding: persistentvolumes "${name}" not found`)
    const now = claims.actual(claim.metadata.name, claim.metadata.namespace)
    // A later claim of the same name is another claim.
    if (now?.metadata.uid !== claim.metadata.uid)
      throw failure('NotFound', `failed to check binding: persistentvolumeclaims "${keyOfClaim(claim)}" not found`)
    if (isBefore(volume, hold?.written)) return false
    mustAllow(volume)
    if (!volume.spec.claimRef?.uid) throw failure('Conflict', `ClaimRef got reset for pv "${name}"`)
    if (!isFullyBound(now)) return false
    // The reference does not look, and runs the pod where its volume may not be.
    if (now.spec.volumeName !== name)
      throw failure('Conflict', `claim "${keyOfClaim(claim)}" got bound to pv "${now.spec.volumeName}" and not to pv "${name}"`)
  }
  for (const { claim: asked, hold } of taken.claims) {
    const { name, namespace } = asked.metadata
    const claim = claims.actual(name, namespace)
    if (claim?.metadata.uid !== asked.metadata.uid)
      throw failure('NotFound', `failed to check provisioning pvc: persistentvolumeclaims "${keyOfClaim(asked)}" not found`)
    if (isBefore(claim, hold?.written)) return false
    const { annotations } = claim.metadata
    if (annotations === undefined) throw failure('Conflict', `selectedNode annotation reset for PVC "${name}"`)
    // A provisioner that cannot make the volume there takes the node away, so that another is chosen.
    if (annotations[selectedNode] !== taken.nodeName) throw failure('Conflict', `provisioning failed for PVC "${name}"`)
    if (claim.spec.volumeName) {
      watch(volumeChange(claim.spec.volumeName))
      const volume = volumes.actual(claim.spec.volumeName)
      // Volumes may be seen later than claims.
      if (volume === undefined) return false
      mustAllow(volume)
    }
    if (!isFullyBound(claim)) return false
  }
  return true
}

/** Whether the world has not seen our own write yet. */
const isBefore = ({ metadata }: PersistentVolume | PersistentVolumeClaim, written: string | undefined): boolean =>
  written !== undefined && compareResourceVersions(metadata.resourceVersion, written) < 0

const failure = (code: 'Conflict' | 'Invalid' | 'NotFound', message: string): WherryError =>
  new WherryError(code, `binding volumes: ${message}`)

const cancelled = (signal: AbortSignal): WherryError =>
  new WherryError('ServiceUnavailable', 'binding volumes: context canceled', { cause: signal.reason })
