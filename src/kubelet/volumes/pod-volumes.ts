import type { Pod } from '#api/core/v1/pod.ts'
import { sleep } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { PreparedVolume } from '../interfaces.ts'
import type { LiveVolume } from './live-volume.ts'
import { createLiveVolume } from './live-volume.ts'
import { operation, pluginName } from './operation.ts'
import type { PodVolume } from './payload.ts'
import { projectionsOf } from './payload.ts'
import { resolveVolume, type VolumeUses, volumeUses } from './resolve-volume.ts'
import { safe } from './safe.ts'
import { growVolume, setUpVolume } from './set-up-volume.ts'
import type { Shared } from './shared.ts'
import { isBlock, type SetUpResult, type VolumePlugin, type VolumeSpec } from './volume-plugin.ts'

/** The volumes of one pod, from the first `prepare` until nobody follows them any more. */
export interface PodVolumes {
  prepare(pod: Pod, signal: AbortSignal): Promise<ReadonlyMap<string, PreparedVolume>>
  refresh(pod: Pod): void
  prepared(name: string): PreparedVolume | undefined
  /** Volumes of plug-ins that are set up, with the pod's names of them. */
  mounted(): readonly MountedPodVolume[]
  /** Volumes made of API objects. */
  live(): readonly { readonly name: string; readonly path: string; readonly isInMemory: boolean }[]
  /** All of them, for metrics. */
  counted(): readonly { readonly plugin: string; readonly isMounted: boolean }[]
  /** Looks whether claims have grown. Each volume goes its own way: a driver that does not answer keeps no other waiting. */
  expand(): void
  /** Ends following, gives up what is under way and waits for its end. Everything stays on disk. */
  close(): Promise<void>
}

export interface MountedPodVolume {
  readonly names: readonly string[]
  readonly spec: VolumeSpec
  readonly plugin: VolumePlugin
  readonly path: string
}

/** One volume that a plug-in makes: several entries of a pod may lead to it. */
interface Made {
  spec: VolumeSpec
  readonly plugin: VolumePlugin
  readonly path: string
  names: readonly string[]
  result?: SetUpResult
  /** Set up now, by whoever asked first. */
  working?: Promise<SetUpResult>
  /** Its driver is asked to let it grow. */
  isGrowing: boolean
  forgetRepeat: () => void
}

const folderMode = 0o750
/** For a pod with something wrong, what is well goes on so long before the failure is told: the reference looks as often. */
const settleMs = 300

export function createPodVolumes(shared: Shared, first: Pod): PodVolumes {
  const { options, plugins } = shared
  const { host, clock } = options
  const { uid } = first.metadata
  const directory = shared.podDirectory(uid)
  const live = new Map<string, LiveVolume>()
  const made = new Map<string, Made>()
  const prepared = new Map<string, PreparedVolume>()
  const closing = new AbortController()
  const running = new Set<Promise<void>>()
  let present = first
  /** What the last attempt saw to. */
  let asked: VolumeUses | undefined

  /** Nobody waits for the volumes of a pod that ends, and what they are made of may go before it does. */
  const report: typeof options.report = (pod, error) => {
    if (present.metadata.deletionTimestamp === undefined) options.report(pod, error)
  }

  /** A volume whose files are made of API objects. */
  async function prepareLive(pod: Pod, volume: PodVolume, source: NonNullable<ReturnType<typeof projectionsOf>>): Promise<void> {
    closing.signal.throwIfAborted()
    const startedMs = clock.monotonicMs()
    const hostPath = `${directory}/volumes/kubernetes.io~${liveFolder(volume)}/${safe(volume.name)}`
    await host.makeDirectory(parentOf(hostPath), folderMode)
    await host.makeDirectory(hostPath, 0o755)
    // Tokens, secrets and what describes the pod never reach the disk.
    if (!volume.configMap) {
      await host.mountTmpfs(hostPath, {})
      await host.makeDirectory(hostPath, 0o755)
    }
    closing.signal.throwIfAborted()
    let one = live.get(volume.name)
    if (!one) {
      const tell: typeof options.report = (changed, error) => report(changed, asMountError({ name: volume.name }, error))
      one = createLiveVolume({ ...options, report: tell }, pod, hostPath, { name: volume.name, ...source })
      live.set(volume.name, one)
    }
    const isFirst = !prepared.has(volume.name)
    await operation(options, liveName(volume), 'volume_mount', one.write)
    prepared.set(volume.name, { hostPath, readOnly: true, selinuxRelabel: true })
    if (isFirst) options.observe?.usable(liveName(volume), (clock.monotonicMs() - startedMs) / 1000)
  }

  async function prepareMade(pod: Pod, one: Made): Promise<void> {
    // A volume that is made stays so; claims that grow and repetitions have their own times.
    const result = one.result ?? (await makeNow(pod, one))
    for (const name of one.names) prepared.set(name, preparedOf(one, result, name, pod))
  }

  /** One at a time for each volume, however many ask. */
  function makeNow(pod: Pod, one: Made): Promise<SetUpResult> {
    one.working ??= (async () => {
      closing.signal.throwIfAborted()
      await host.makeDirectory(parentOf(one.path), folderMode)
      const result = await setUpVolume(shared, { pod, spec: one.spec, plugin: one.plugin, path: one.path, signal: closing.signal })
      one.result = result
      repeatLater(one, result.repeatAfterMs)
      return result
    })().finally(() => {
      delete one.working
    })
    return one.working
  }

  function repeatLater(one: Made, afterMs: number | undefined): void {
    one.forgetRepeat()
    if (afterMs === undefined || closing.signal.aborted) return
    one.forgetRepeat = clock.schedule(clock.now() + afterMs, () => {
      makeNow(present, one).catch((error: unknown) => {
        if (closing.signal.aborted) return
        report(present, asMountError(one.spec, error))
        repeatLater(one, afterMs)
      })
    })
  }

  /** Brings the entries of the pod together by the volume that they lead to. */
  function place(spec: VolumeSpec, uses: VolumeUses): Made {
    const plugin = plugins.find((candidate) => candidate.supports(spec))
    if (!plugin) throw new WherryError('Invalid', `failed to get Plugin from volumeSpec for volume "${spec.name}" err=${noPlugin(spec)}`)
    const kind = uses.devices.has(spec.volume.name) && isBlock(spec) ? 'volumeDevices' : 'volumes'
    const path = `${directory}/${kind}/${plugin.folder}/${safe(spec.name)}`
    const key = `${plugin.folder}/${spec.name}`
    const there = made.get(key)
    if (!there) {
      const one: Made = { spec, plugin, path, names: [spec.volume.name], isGrowing: false, forgetRepeat: () => {} }
      made.set(key, one)
      return one
    }
    there.names = [...new Set([...there.names, spec.volume.name])]
    there.spec = { ...spec, readOnly: spec.readOnly && there.spec.readOnly }
    return there
  }

  /** Everything that a container uses and that is not there yet. */
  async function prepareAll(pod: Pod): Promise<void> {
    const uses = volumeUses(pod)
    asked = uses
    const volumes = (pod.spec.volumes ?? []).filter(({ name }) => uses.mounted.has(name) || uses.devices.has(name))
    const failures: unknown[] = []
    const unresolved: string[] = []
    const words: string[] = []
    const work: Promise<void>[] = []
    const failed = Promise.withResolvers<void>()
    const attempt = (spec: Pick<VolumeSpec, 'name' | 'persistentVolume'>, promise: Promise<void>): void => {
      const told = promise.catch((error: unknown) => {
        failures.push(asMountError(spec, error))
        failed.resolve()
      })
      work.push(told)
    }
    const groups = new Set<Made>()
    await Promise.all(
      volumes.map(async (volume) => {
        const source = projectionsOf(volume)
        if (source) return attempt(volume, prepareLive(pod, volume, source))
        if (volume.image) return attempt(volume, prepareImage(volume))
        // It is there, whatever has become of its claim since.
        if (prepared.has(volume.name)) return
        try {
          groups.add(place(await resolveVolume(pod, volume, uses, options.claims), uses))
        } catch (error) {
          unresolved.push(volume.name)
          words.push(error instanceof Error ? error.message : String(error))
        }
      }),
    )
    for (const one of groups) attempt(one.spec, prepareMade(pod, one))
    if (unresolved.length > 0) failed.resolve()
    const done = Promise.all(work)
    await Promise.race([done, failed.promise])
    // One failure is told at once, with those that come at the same time; what takes longer goes on and is found by the next attempt.
    if (unresolved.length > 0 || failures.length > 0) await settled(done)
    closing.signal.throwIfAborted()
    if (unresolved.length > 0) {
      const unmounted = volumes.map(({ name }) => name).filter((name) => !prepared.has(name))
      const lists = `unmounted volumes=[${unmounted.sort().join(' ')}], unattached volumes=[], failed to process volumes=[${unresolved.sort().join(' ')}]`
      failures.unshift(new WherryError('Invalid', `Unable to attach or mount volumes: ${lists}: ${words.join('; ')}`))
    }
    for (const error of failures.slice(1)) report(pod, error)
    if (failures.length > 0) throw failures[0]
  }

  /** The end of what was begun is waited for by `close`: nothing is made behind the back of whoever clears up. */
  function prepareTracked(pod: Pod): Promise<void> {
    const work = prepareAll(pod)
    const end = work.catch(() => {}).finally(() => running.delete(end))
    running.add(end)
    return work
  }

  async function settled(done: Promise<unknown>): Promise<void> {
    const stop = new AbortController()
    const limit = sleep(clock, settleMs, stop.signal).catch(() => {})
    await Promise.race([done, limit])
    stop.abort(new Error('settled'))
  }

  async function prepareImage(volume: PodVolume): Promise<void> {
    if (!options.images) throw new WherryError('Invalid', 'no volume plugin matched: this node mounts no images')
    const { reference = '', pullPolicy } = volume.image!
    prepared.set(volume.name, { hostPath: '', readOnly: true, image: { reference, ...(pullPolicy !== undefined && { pullPolicy }) } })
  }

  async function grow(one: Made): Promise<void> {
    const { readOnly, volume, name } = one.spec
    one.isGrowing = true
    try {
      const spec = await resolveVolume(present, volume, volumeUses(present), options.claims)
      one.spec = { ...spec, readOnly }
      await growVolume(shared, { pod: present, spec: one.spec, plugin: one.plugin, path: one.path, signal: closing.signal })
    } catch (error) {
      if (closing.signal.aborted) return
      const words = `NodeExpandVolume.NodeExpandVolume failed for volume "${name}" : ${error instanceof Error ? error.message : String(error)}`
      options.tell?.(present, 'Warning', 'VolumeResizeFailed', words)
    } finally {
      one.isGrowing = false
    }
  }

  return {
    async prepare(pod, signal) {
      signal.throwIfAborted()
      present = pod
      await host.makeDirectory(directory, folderMode)
      const aborted = Promise.withResolvers<never>()
      const abort = () => {
        // Only the end of the pod or of the kubelet calls off: what is under way is given up with it.
        closing.abort(signal.reason)
        aborted.reject(signal.reason)
      }
      signal.addEventListener('abort', abort, { once: true })
      try {
        await Promise.race([prepareTracked(pod), aborted.promise])
      } catch (error) {
        throw signal.aborted ? signal.reason : error
      } finally {
        signal.removeEventListener('abort', abort)
      }
      return prepared
    },
    refresh(pod) {
      present = pod
      for (const one of live.values()) one.refresh(pod)
      // An ephemeral container may use a volume that nobody used before.
      const before = asked
      const uses = volumeUses(pod)
      const isNew = (name: string) => before !== undefined && !before.mounted.has(name) && !before.devices.has(name)
      if (![...uses.mounted, ...uses.devices].some(isNew)) return
      prepareTracked(pod).then(
        () => options.ready(uid),
        (error: unknown) => {
          if (!closing.signal.aborted) report(pod, error)
        },
      )
    },
    prepared: (name) => prepared.get(name),
    live: () =>
      (present.spec.volumes ?? [])
        .filter(({ name }) => live.has(name) && prepared.has(name))
        .map(({ name, configMap }) => ({ name, path: prepared.get(name)!.hostPath, isInMemory: configMap === undefined })),
    mounted: () => [...made.values()].filter(({ result }) => result !== undefined),
    counted: () => [
      ...[...made.values()].map(({ plugin, spec, result }) => ({
        plugin: pluginName(plugin, { spec }),
        isMounted: result !== undefined,
      })),
      ...(present.spec.volumes ?? [])
        .filter(({ name }) => live.has(name))
        .map((volume) => ({ plugin: liveName(volume), isMounted: prepared.has(volume.name) })),
      ...[...prepared.values()].filter(({ image }) => image).map(() => ({ plugin: 'kubernetes.io/image', isMounted: true })),
    ],
    expand() {
      for (const one of made.values())
        if (one.result && one.plugin.expand && one.spec.claim && !one.isGrowing) {
          const end = grow(one).finally(() => running.delete(end))
          running.add(end)
        }
    },
    async close() {
      closing.abort(new Error('the volumes are given up'))
      for (const one of made.values()) one.forgetRepeat()
      await Promise.allSettled([...live.values()].map((one) => one.close()))
      await Promise.allSettled([...made.values()].map(({ working }) => working))
      await Promise.all(running)
    },
  }
}

function preparedOf({ path, spec }: Made, result: SetUpResult, name: string, pod: Pod): PreparedVolume {
  const entry = pod.spec.volumes?.find((volume) => volume.name === name)
  const group = spec.persistentVolume?.metadata.annotations?.[groupAnnotation]
  return {
    hostPath: result.hostPath ?? path,
    readOnly: result.readOnly === true || entry?.persistentVolumeClaim?.readOnly === true,
    ...(result.device && { device: true }),
    ...(result.selinuxRelabel && { selinuxRelabel: true }),
    ...(group !== undefined && /^\d+$/.test(group) && { groupId: Number(group) }),
  }
}

/** A group that may read a PersistentVolume's files: containers are in it beside their own. */
const groupAnnotation = 'pv.beta.kubernetes.io/gid'

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/'))

function liveFolder(volume: PodVolume): string {
  if (volume.configMap) return 'configmap'
  if (volume.secret) return 'secret'
  return volume.downwardAPI ? 'downward-api' : 'projected'
}

const liveName = (volume: PodVolume): string => `kubernetes.io/${liveFolder(volume)}`

function noPlugin({ volume, persistentVolume }: VolumeSpec): string {
  const sources = persistentVolume ? Object.keys(persistentVolume.spec).filter((key) => !notSources.has(key)) : Object.keys(volume)
  const sort = sources.find((key) => key !== 'name') ?? 'none'
  return `no volume plugin matched: this node does not provide ${sort} volumes${sort === 'none' ? '' : '; a CSI driver may'}`
}

/** Of a PersistentVolume's spec: all but where its content is. */
const notSources = new Set([
  'capacity',
  'accessModes',
  'claimRef',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'mountOptions',
  'volumeMode',
  'nodeAffinity',
  'volumeAttributesClassName',
])

/** The words of the FailedMount event. */
function asMountError(spec: Pick<VolumeSpec, 'name' | 'persistentVolume'>, cause: unknown): WherryError {
  const message = cause instanceof Error ? cause.message : String(cause)
  const code = cause instanceof WherryError ? cause.code : 'InternalError'
  const isWhole = /^(MountVolume|MapVolume)\.|^Unable to attach or mount volumes: /.test(message)
  const stage = isBlock(spec) ? 'MapVolume.MapPodDevice' : 'MountVolume.SetUp'
  const words = isWhole ? message : `${stage} failed for volume "${spec.name}" : ${message}`
  return new WherryError(code, words, { cause, ...(words.startsWith('MapVolume') && { reason: 'FailedMapVolume' }) })
}
