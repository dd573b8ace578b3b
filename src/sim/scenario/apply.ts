import { isTrue } from '#api/apiextensions/v1/conditions.ts'
import { CustomResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { ServiceAccount } from '#api/core/v1/service-account.ts'
import { type AnyKind, apiVersionOf, type KubeObject } from '#api/kind.ts'
import { keyOf } from '#apiserver/registry/keys.ts'
import type { Client } from '#client/client.ts'
import { type Manifest, type ManifestObject, type ManifestProblem, titleOf } from '#client/manifests.ts'
import { isError } from '#lib/errors.ts'
import type { SimulatedCluster } from '../cluster.ts'
import { kindOf, kindsOfCluster } from './kinds-of-cluster.ts'

export interface Applied {
  /** As the API server answered, in the order in which they were applied. */
  readonly objects: readonly KubeObject[]
  /** Those that a simulation must not apply, and why. */
  readonly left: readonly ManifestProblem[]
  /** Those that the API server refused. The others are applied all the same. */
  readonly problems: readonly ManifestProblem[]
}

export interface ApplyOptions {
  /** Of objects that name none. */
  readonly namespace: string
  readonly fieldManager?: string
  /** Whether a controller makes the accounts of namespaces, to wait for; default true. */
  readonly areAccountsMade?: boolean
  /** Applies webhooks and further API servers, too, since somebody may answer for them; default false. */
  readonly isWhole?: boolean
}

type ClusterParts = Pick<SimulatedCluster, 'client' | 'world' | 'until'>

/**
 * Applies manifests as `kubectl apply --server-side` does, but in an order that works whatever order they stand in: namespaces, definitions,
 * what others refer to, everything else. Waits in between until namespaces have their accounts and definitions are served.
 */
export async function applyManifests(cluster: ClusterParts, manifests: readonly Manifest[], options: ApplyOptions): Promise<Applied> {
  const { client, world } = cluster
  const objects: KubeObject[] = []
  const left: ManifestProblem[] = []
  const problems: ManifestProblem[] = []
  for (const rank of [0, 1, 2, 3]) {
    const batch = manifests.filter(({ object }) => rankOf(object) === rank)
    if (batch.length === 0) continue
    const served = kindsOfCluster(world)
    if (rank >= 2 && options.areAccountsMade !== false) await accountsAre(cluster, batch, served, options.namespace)
    for (const manifest of batch) {
      if (isLeftOut(manifest.object) && !options.isWhole) {
        left.push({ where: `${manifest.where} (${titleOf(manifest.object)})`, problem: leftOut[manifest.object.kind]! })
        continue
      }
      const outcome = await applyOne(client, manifest, served, options)
      if ('problem' in outcome) problems.push(outcome)
      else objects.push(outcome)
    }
    if (rank === 1) problems.push(...(await definitionsAreServed(cluster)))
  }
  return { objects, left, problems }
}

/** Namespaces, definitions, what others refer to by name when they are made, the rest. */
const rankOf = ({ kind, apiVersion }: ManifestObject): number =>
  kind === 'Namespace' && apiVersion === 'v1' ? 0 : kind === 'CustomResourceDefinition' ? 1 : referredTo.has(kind) ? 2 : 3

const referredTo: ReadonlySet<string> = new Set([
  ...['ServiceAccount', 'PriorityClass', 'RuntimeClass', 'StorageClass', 'LimitRange', 'ResourceQuota', 'ConfigMap', 'Secret'],
  ...['ClusterRole', 'Role', 'ClusterRoleBinding', 'RoleBinding', 'PersistentVolume', 'PersistentVolumeClaim', 'DeviceClass'],
  ...['ValidatingAdmissionPolicy', 'MutatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding', 'MutatingAdmissionPolicyBinding'],
])

/** Whether a simulation does not apply it. */
export const isLeftOut = ({ kind }: ManifestObject): boolean => Object.hasOwn(leftOut, kind)

/** They would send every request to a container that is not there. */
const leftOut: Readonly<Record<string, string>> = {
  ValidatingWebhookConfiguration: 'left out, since no container answers here; what its webhooks would refuse is not seen',
  MutatingWebhookConfiguration: 'left out, since no container answers here; what its webhooks would change is not seen',
  APIService: 'left out, since no container answers here; its kinds are not served',
}

async function applyOne(
  client: Client,
  { where, object }: Manifest,
  served: readonly AnyKind[],
  { namespace: fallback, fieldManager = 'wherry-simulate' }: ApplyOptions,
): Promise<KubeObject | ManifestProblem> {
  const place = `${where} (${titleOf(object)})`
  const kind = kindOf(served, object)
  if (kind === undefined) return { where: place, problem: unknownKind(object, served) }
  const namespace = kind.scope === 'Namespaced' ? object.metadata.namespace || fallback : undefined
  const body = { ...object, metadata: { ...object.metadata, ...(namespace !== undefined && { namespace }) } }
  const options = { fieldManager, fieldValidation: 'Strict', ...(namespace !== undefined && { namespace }) } as const
  const { name } = object.metadata
  try {
    return name === undefined
      ? ((await client.create(kind, body as never, options)) as KubeObject)
      : ((await client.patch(kind, name, { type: 'apply', body, force: true }, options)) as KubeObject)
  } catch (error) {
    if (!isError(error)) throw error
    if (isError(error, 'NotFound') && error.message.startsWith('namespaces '))
      return {
        where: place,
        problem: `metadata.namespace is "${namespace}", which is not there; add a Namespace of that name to the manifests`,
      }
    return { where: place, problem: error.message }
  }
}

function unknownKind({ apiVersion, kind }: ManifestObject, served: readonly AnyKind[]): string {
  const others = [...new Set(served.filter((one) => one.kind === kind).map(apiVersionOf))]
  if (others.length > 0) return `apiVersion ${apiVersion} has no kind ${kind}; write apiVersion: ${others.join(' or ')}`
  return `nobody serves kind ${kind} of ${apiVersion}; add its CustomResourceDefinition to the manifests, or mend kind and apiVersion`
}

/** A pod without its namespace's account is refused. */
async function accountsAre(
  { world, until }: ClusterParts,
  batch: readonly Manifest[],
  served: readonly AnyKind[],
  fallback: string,
): Promise<void> {
  const wanted = new Set(
    batch.filter(({ object }) => kindOf(served, object)?.scope === 'Namespaced').map(({ object }) => object.metadata.namespace || fallback),
  )
  const lacks = () =>
    [...wanted].filter(
      (name) => world.byKey(keyOf(Namespace, '', name)) !== undefined && world.byKey(keyOf(ServiceAccount, name, 'default')) === undefined,
    )
  if (lacks().length > 0) await until(() => lacks().length === 0, waitMs, `namespaces have their default accounts: ${lacks()}`)
}

/** Waits for definitions; those that are not accepted are told of. */
async function definitionsAreServed({ world, until }: ClusterParts): Promise<readonly ManifestProblem[]> {
  const all = () => world.list<CustomResourceDefinition>(CustomResourceDefinition)
  const refusalOf = ({ status }: CustomResourceDefinition) =>
    status.conditions?.find(
      ({ type, status: is }) =>
        (type === 'NamesAccepted' || type === 'NonStructuralSchema') && is === (type === 'NamesAccepted' ? 'False' : 'True'),
    )
  await until(() => all().every((one) => isTrue(one, 'Established') || refusalOf(one) !== undefined), waitMs, 'definitions are served')
  return all().flatMap((one) => {
    const refusal = refusalOf(one)
    return refusal === undefined
      ? []
      : [{ where: `CustomResourceDefinition ${one.metadata.name}`, problem: `${refusal.reason}: ${refusal.message}` }]
  })
}

const waitMs = 30_000
