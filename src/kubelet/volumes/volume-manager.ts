import type { Pod } from '#api/core/v1/pod.ts'
import type { PreparedVolume, VolumeManager } from '#kubelet/interfaces.ts'
import { WherryError } from '#lib/errors.ts'
import { quantityToInteger } from '#lib/quantity.ts'
import { checkHostPath } from './host-path.ts'
import type { LiveOptions, LiveVolume } from './live-volume.ts'
import { createLiveVolume } from './live-volume.ts'
import type { PodVolume } from './payload.ts'
import { projectionsOf } from './payload.ts'

export interface VolumeOptions extends LiveOptions {
  /** The kubelet's folder: pods' volumes are at `<root>/pods/<uid>/volumes`. The manager owns `<root>/pods/<uid>` as a whole at teardown. */
  readonly rootDirectory: string
}

interface PodState {
  readonly live: Map<string, LiveVolume>
  readonly prepared: Map<string, PreparedVolume>
}

const folderMode = 0o750

/** The volumes of this node's pods. */
export function createVolumeManager(options: VolumeOptions): VolumeManager {
  const { host, rootDirectory } = options
  const pods = new Map<string, PodState>()
  const podsDirectory = `${rootDirectory}/pods`
  const podDirectory = (uid: string) => `${podsDirectory}/${safe(uid)}`

  const prepareOne = async (state: PodState, pod: Pod, volume: PodVolume): Promise<PreparedVolume> => {
    const groupId = pod.spec.securityContext?.fsGroup
    const group = groupId === undefined ? {} : { groupId }
    const folder = async (plugin: string): Promise<string> => {
      const path = `${podDirectory(pod.metadata.uid)}/volumes/kubernetes.io~${plugin}/${safe(volume.name)}`
      await host.makeDirectory(path.slice(0, path.lastIndexOf('/')), folderMode)
      return path
    }
    const source = projectionsOf(volume)
    if (source) {
      const hostPath = await folder(pluginOf(volume))
      await host.makeDirectory(hostPath, 0o755)
      // Tokens, secrets and what describes the pod never reach the disk.
      if (!volume.configMap) {
        await host.mountTmpfs(hostPath, {})
        await host.makeDirectory(hostPath, 0o755)
      }
      let live = state.live.get(volume.name)
      if (!live) {
        const report: VolumeOptions['report'] = (changed, error) => options.report(changed, asMountError(volume.name, error))
        live = createLiveVolume({ ...options, report }, pod, hostPath, source)
        state.live.set(volume.name, live)
      }
      await live.write()
      return { hostPath, readOnly: true, ...group }
    }
    if (volume.emptyDir) {
      const { medium = '', sizeLimit } = volume.emptyDir
      if (medium !== '' && medium !== 'Memory') throw new WherryError('Invalid', `unknown storage medium "${medium}"`)
      const hostPath = await folder('empty-dir')
      await host.makeDirectory(hostPath, 0o777)
      if (medium === 'Memory') {
        const sizeBytes = sizeLimit === undefined ? 0 : quantityToInteger(sizeLimit)
        await host.mountTmpfs(hostPath, sizeBytes > 0 ? { sizeBytes } : {})
        await host.makeDirectory(hostPath, 0o777)
      }
      // Its root looks right only after the whole tree was given over, and containers may write to it from then on.
      if (groupId !== undefined) await host.giveToGroup(hostPath, groupId, { readOnly: false, onlyOnMismatch: true })
      return { hostPath, readOnly: false, ...group }
    }
    if (volume.hostPath) {
      await checkHostPath(host, volume.hostPath.path, volume.hostPath.type ?? '')
      return { hostPath: volume.hostPath.path, readOnly: false }
    }
    const sort = Object.keys(volume).find((key) => key !== 'name') ?? 'no source'
    throw new WherryError('Invalid', `no volume plugin matched: this node does not provide ${sort} volumes`)
  }

  return {
    async prepare(pod, signal) {
      const { uid } = pod.metadata
      const state = pods.get(uid) ?? { live: new Map(), prepared: new Map() }
      pods.set(uid, state)
      await host.makeDirectory(podDirectory(uid), folderMode)
      const results = await Promise.allSettled(
        (pod.spec.volumes ?? []).map(async (volume) => {
          signal.throwIfAborted()
          const aborted = Promise.withResolvers<never>()
          const abort = () => aborted.reject(signal.reason)
          signal.addEventListener('abort', abort, { once: true })
          try {
            state.prepared.set(volume.name, await Promise.race([prepareOne(state, pod, volume), aborted.promise]))
          } catch (error) {
            if (signal.aborted) throw signal.reason
            throw asMountError(volume.name, error)
          } finally {
            signal.removeEventListener('abort', abort)
          }
        }),
      )
      const failed = results.find((result) => result.status === 'rejected')
      if (failed) throw failed.reason
      return state.prepared
    },
    refresh(pod) {
      for (const live of pods.get(pod.metadata.uid)?.live.values() ?? []) live.refresh(pod)
    },
    async teardown(podUid) {
      const state = pods.get(podUid)
      pods.delete(podUid)
      await closeAll(state)
      await host.removeTree(podDirectory(podUid))
    },
    known: () => host.list(podsDirectory),
    async subPath(podUid, volume, container, mountIndex, subPath) {
      const prepared = pods.get(podUid)?.prepared.get(volume)
      if (!prepared) throw new WherryError('NotFound', `volume "${volume}" of pod ${podUid} is not prepared`)
      const target = `${podDirectory(podUid)}/volume-subpaths/${safe(volume)}/${safe(container)}/${mountIndex}`
      await host.makeDirectory(target.slice(0, target.lastIndexOf('/')), folderMode)
      await host.bindSubPath(prepared.hostPath, subPath, target)
      return target
    },
    async close() {
      const states = [...pods.values()]
      pods.clear()
      await Promise.all(states.map(closeAll))
    },
  }
}

async function closeAll(state: PodState | undefined): Promise<void> {
  await Promise.all([...(state?.live.values() ?? [])].map((live) => live.close()))
}

function pluginOf(volume: PodVolume): string {
  if (volume.configMap) return 'configmap'
  if (volume.secret) return 'secret'
  return volume.downwardAPI ? 'downward-api' : 'projected'
}

/** The words of the FailedMount event. */
function asMountError(volume: string, cause: unknown): WherryError {
  const message = cause instanceof Error ? cause.message : String(cause)
  const code = cause instanceof WherryError ? cause.code : 'InternalError'
  return new WherryError(code, `MountVolume.SetUp failed for volume "${volume}" : ${message}`, { cause })
}

/** A part of a path that comes from an object. The API server lets no other pass; a path is not the place to trust that. */
function safe(name: string): string {
  if (name === '' || name === '.' || name === '..' || name.includes('/') || name.includes('\0'))
    throw new WherryError('Invalid', `"${name}" cannot be part of a path`)
  return name
}
