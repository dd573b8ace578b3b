import { createHash } from 'node:crypto'
import type { Clock } from '#lib/clock.ts'
import { formatTime } from '#schema/times.ts'
import type { Files } from '../interfaces.ts'
import type { Image } from '../runtime.ts'
import type { Coordinates, TrackedAuth } from './credentials.ts'
import { fullImageName } from './image-name.ts'
import { unversioned, type VerificationPolicy, verifies } from './verification.ts'

/**
 * Remembers by whose credentials each image came to this node, so that a private image that is there is no gift to every pod (KEP-2535,
 * "Ensure secret pulled images"). Records are the reference's own files in its own folder: a node that changes over keeps them.
 */
export interface PullRecords {
  /** Turns what a former process had begun into records, for the images that did arrive. Once, before pods start. */
  start(images: readonly Image[]): Promise<void>
  /** A pull begins: until it ends, an image that turns up under this name is one that we pulled. */
  begin(image: string): Promise<void>
  /** It ended well. `auth`: the credentials that opened the registry; undefined where none were needed. */
  pulled(image: string, imageId: string, auth: TrackedAuth | undefined): Promise<void>
  failed(image: string): Promise<void>
  /** Whether a pod has to show by a pull of its own that it may use an image that is there. `credentials`: what the pod has. */
  mustPull(image: string, imageId: string, credentials: () => Promise<readonly TrackedAuth[]>): Promise<MustPull>
  /** Forgets images that are no longer there, but none that came after `before`. */
  prune(imageIds: ReadonlySet<string>, before: number): Promise<void>
}

/** `reason` is the label of the reference's metric `kubelet_imagemanager_image_mustpull_checks_total`. */
export interface MustPull {
  readonly pull: boolean
  readonly reason: 'credentialPolicyAllowed' | 'credentialRecordFound' | 'mustAuthenticate' | 'error'
}

export interface PullRecordsOptions {
  readonly files: Files
  readonly clock: Clock
  /** The kubelet's root; records are in `image_manager` below it. */
  readonly rootDirectory: string
  readonly policy: VerificationPolicy
  readonly report: (error: unknown, image: string) => void
}

export function createPullRecords({ files, clock, rootDirectory, policy, report }: PullRecordsOptions): PullRecords {
  const pulling = `${rootDirectory}/image_manager/pulling`
  const pulledFolder = `${rootDirectory}/image_manager/pulled`
  /** Pulls under way, by image. */
  const begun = new Map<string, number>()
  /** The last act on each image's record: acts on one record follow each other. */
  const acts = new Map<string, Promise<unknown>>()

  async function inTurn<T>(imageId: string, act: () => Promise<T>): Promise<T> {
    const previous = acts.get(imageId) ?? Promise.resolve()
    const next = previous.then(act, act)
    acts.set(imageId, next)
    try {
      return await next
    } finally {
      if (acts.get(imageId) === next) acts.delete(imageId)
    }
  }

  /** Undefined: none. A file that cannot be read throws. */
  async function readRecord(imageId: string): Promise<PulledRecord | undefined> {
    const bytes = await files.read(`${pulledFolder}/${fileName(imageId)}`, RECORD_LIMIT_BYTES)
    if (bytes === undefined) return undefined
    const record = JSON.parse(Buffer.from(bytes).toString()) as PulledRecord
    return record.imageRef === imageId ? record : undefined
  }

  /** `added` undefined: pulled by us, nobody knows with what, so everybody has to show that he may. */
  const addTo = (image: string, imageId: string, added: PullCredentials | undefined) =>
    inTurn(imageId, async () => {
      const existing = await readRecord(imageId).catch(() => undefined)
      const mapping = existing?.credentialMapping ?? {}
      const name = unversioned(image)
      const merged = added === undefined ? mapping[name] : merge(mapping[name], added)
      if (existing !== undefined && merged === mapping[name]) return
      const record: PulledRecord = {
        kind: 'ImagePulledRecord',
        apiVersion: 'kubelet.config.k8s.io/v1beta1',
        lastUpdatedTime: formatTime(Math.floor(clock.now() / 1000)),
        imageRef: imageId,
        ...((merged !== undefined || existing?.credentialMapping) && {
          credentialMapping: { ...mapping, ...(merged && { [name]: merged }) },
        }),
      }
      await files.write(`${pulledFolder}/${fileName(imageId)}`, `${JSON.stringify(record)}\n`, 0o600)
    })

  async function ended(image: string): Promise<void> {
    const left = (begun.get(image) ?? 1) - 1
    if (left > 0) return void begun.set(image, left)
    begun.delete(image)
    await files.remove(`${pulling}/${fileName(image)}`)
  }

  return {
    async start(images) {
      const intents: { readonly image: string; readonly fullName: string; readonly path: string }[] = []
      for (const file of await files.list(pulling)) {
        const path = file.startsWith('/') ? file : `${pulling}/${file}`
        const bytes = await files.read(path, RECORD_LIMIT_BYTES)
        const image = bytes === undefined ? undefined : intentImage(Buffer.from(bytes).toString())
        if (image !== undefined) intents.push({ image, fullName: fullImageName(image), path })
      }
      for (const { image, fullName, path } of intents) {
        const arrived = images.find(({ repoTags, repoDigests }) => repoTags.includes(fullName) || repoDigests.includes(fullName))
        if (arrived === undefined) continue
        await addTo(image, arrived.id, undefined)
        await files.remove(path)
      }
    },
    async begin(image) {
      begun.set(image, (begun.get(image) ?? 0) + 1)
      const intent = { kind: 'ImagePullIntent', apiVersion: 'kubelet.config.k8s.io/v1beta1', image }
      await files.write(`${pulling}/${fileName(image)}`, `${JSON.stringify(intent)}\n`, 0o600)
    },
    async pulled(image, imageId, auth) {
      try {
        await addTo(image, imageId, credentialsOf(auth))
      } catch (error) {
        // The intent stays, so that the image still counts as pulled by us, and the next process tries again.
        return report(error, image)
      }
      await ended(image)
    },
    failed: ended,
    async mustPull(image, imageId, credentials) {
      let record: PulledRecord | undefined
      let isOurs: boolean
      try {
        record = await readRecord(imageId)
        isOurs = record !== undefined || begun.has(image) || (await files.read(`${pulling}/${fileName(image)}`, 1)) !== undefined
      } catch (error) {
        report(error, image)
        return { pull: true, reason: 'error' }
      }
      if (!verifies(policy, image, isOurs)) return { pull: false, reason: 'credentialPolicyAllowed' }
      const known = record?.credentialMapping?.[unversioned(image)]
      if (known === undefined) return { pull: true, reason: 'mustAuthenticate' }
      if (known.nodePodsAccessible) return { pull: false, reason: 'credentialRecordFound' }
      for (const own of await credentials()) {
        const match = matchOf(own, known)
        if (match === 'none') continue
        // So that next time the secret is known by its new content, or the content by the other secret.
        if (match === 'partly' && (known.kubernetesSecrets?.length ?? 0) < NOTED_WHILE_MATCHING_MAX)
          await addTo(image, imageId, credentialsOf(own)).catch((error: unknown) => report(error, image))
        return { pull: false, reason: 'credentialRecordFound' }
      }
      return { pull: true, reason: 'mustAuthenticate' }
    },
    async prune(imageIds, before) {
      const kept = new Set([...imageIds].map(fileName))
      for (const file of await files.list(pulledFolder)) {
        const name = file.slice(file.lastIndexOf('/') + 1)
        if (kept.has(name)) continue
        const bytes = await files.read(`${pulledFolder}/${name}`, RECORD_LIMIT_BYTES)
        const at = Date.parse(recordTime(bytes) ?? '')
        if (!(at >= before)) await files.remove(`${pulledFolder}/${name}`)
      }
    },
  }
}

/** One image with some hundred names and secrets is far smaller. */
const RECORD_LIMIT_BYTES = 4 * 1024 * 1024
/** The reference's bound: who changes his secrets all the time gets no bigger record from it. */
const NOTED_WHILE_MATCHING_MAX = 100

/** KubeletConfiguration's ImagePulledRecord (kubelet.config.k8s.io/v1beta1). */
interface PulledRecord {
  readonly kind: 'ImagePulledRecord'
  readonly apiVersion: string
  readonly lastUpdatedTime: string
  /** The image's id. */
  readonly imageRef: string
  /** By the image's name without tag and digest. */
  readonly credentialMapping?: Readonly<Record<string, PullCredentials>>
}

interface PullCredentials {
  readonly kubernetesSecrets?: readonly (Coordinates & { readonly credentialHash: string })[]
  readonly kubernetesServiceAccounts?: readonly Coordinates[]
  /** Every pod of this node can use it. */
  readonly nodePodsAccessible?: boolean
}

function credentialsOf(auth: TrackedAuth | undefined): PullCredentials {
  const source = auth?.source
  if (auth === undefined || source === undefined) return { nodePodsAccessible: true }
  if ('secret' in source) return { kubernetesSecrets: [{ ...source.secret, credentialHash: auth.hash }] }
  return { kubernetesServiceAccounts: [source.serviceAccount] }
}

/** Gives `known` itself back where nothing is new. */
function merge(known: PullCredentials | undefined, added: PullCredentials): PullCredentials {
  if (known === undefined) return added
  if (known.nodePodsAccessible) return known
  if (added.nodePodsAccessible) return added
  const secrets = [...(known.kubernetesSecrets ?? [])]
  let isNew = false
  for (const one of added.kubernetesSecrets ?? []) {
    const at = secrets.findIndex((other) => isSame(other, one))
    if (at >= 0 && secrets[at]!.credentialHash === one.credentialHash) continue
    isNew = true
    secrets.splice(at < 0 ? secrets.length : at, at < 0 ? 0 : 1, one)
  }
  const accounts = [...(known.kubernetesServiceAccounts ?? [])]
  for (const one of added.kubernetesServiceAccounts ?? []) {
    if (accounts.some((other) => isSame(other, one))) continue
    isNew = true
    accounts.push(one)
  }
  if (!isNew) return known
  return {
    ...(secrets.length > 0 && { kubernetesSecrets: secrets.toSorted(byName) }),
    ...(accounts.length > 0 && { kubernetesServiceAccounts: accounts.toSorted(byName) }),
  }
}

/** `partly`: the same credentials from another secret, or other credentials in the secret that was good before. */
function matchOf({ hash, source }: TrackedAuth, known: PullCredentials): 'none' | 'partly' | 'wholly' {
  if (source === undefined) return 'none'
  if ('serviceAccount' in source)
    return known.kubernetesServiceAccounts?.some((one) => isSame(one, source.serviceAccount)) ? 'wholly' : 'none'
  const secrets = known.kubernetesSecrets ?? []
  const byHash = secrets.filter(({ credentialHash }) => credentialHash === hash)
  if (byHash.some((one) => isSame(one, source.secret))) return 'wholly'
  return byHash.length > 0 || secrets.some((one) => isSame(one, source.secret)) ? 'partly' : 'none'
}

const isSame = (a: Coordinates, b: Coordinates): boolean => a.uid === b.uid && a.namespace === b.namespace && a.name === b.name
const byName = (a: Coordinates, b: Coordinates): number =>
  compare(a.namespace, b.namespace) || compare(a.name, b.name) || compare(a.uid, b.uid)
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** The reference's names of its files. */
const fileName = (image: string): string => `sha256-${createHash('sha256').update(image).digest('hex')}`

/** A file that a crash left half written names nothing. */
function intentImage(text: string): string | undefined {
  try {
    const { image } = JSON.parse(text) as { readonly image?: unknown }
    return typeof image === 'string' && isImageName(image) ? image : undefined
  } catch {
    return undefined
  }
}

function isImageName(text: string): boolean {
  try {
    return fullImageName(text) !== ''
  } catch {
    return false
  }
}

function recordTime(bytes: Uint8Array | undefined): string | undefined {
  try {
    return (JSON.parse(Buffer.from(bytes ?? []).toString()) as PulledRecord).lastUpdatedTime
  } catch {
    // Unreadable: of no use to anybody, and so it goes.
    return undefined
  }
}
