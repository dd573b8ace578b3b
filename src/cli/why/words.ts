import type { KubeObject } from '#api/kind.ts'
import type { WriteEntry } from '#lib/cause.ts'
import type { KindNames, Ref } from './view.ts'

/** The name of its kind, as far as anybody knows it. */
export const kindOf = (kinds: readonly KindNames[], { group, resource }: Ref): string =>
  kinds.find((kind) => kind.group === group && kind.plural === resource)?.kind ?? resource

/** `1 pod`, `2 pods`. */
export const count = (number: number, one: string, many = `${one}s`): string => `${number} ${number === 1 ? one : many}`

/** Whose hand it was. Of parts of the cluster the part's name is enough; of people the program tells more. */
export function whoWas({ user, manager }: Pick<WriteEntry, 'user' | 'manager'>): { readonly name: string; readonly program?: string } {
  const node = /^system:node:(.+)$/.exec(user)?.[1]
  if (node !== undefined) return { name: `kubelet on ${node}` }
  const [, namespace, account] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user) ?? []
  if (namespace === 'kube-system' && account!.endsWith('-controller'))
    return account === manager ? { name: manager } : { name: account!, program: manager }
  if (user === 'system:kube-scheduler') return { name: 'scheduler' }
  if (user === 'system:kube-controller-manager') return { name: manager }
  if (user === 'system:apiserver') return { name: 'API server' }
  const name = account === undefined ? user : `service account ${namespace}/${account}`
  // What is written without a field manager is noted as the API server's own.
  return manager === '' || manager === 'kube-apiserver' ? { name } : { name, program: manager }
}

/** What a write did, as a verb that the object follows. */
export function whatWas({ verb, subresource, user }: Pick<WriteEntry, 'verb' | 'subresource' | 'user'>, ref: Ref): string {
  const isPod = ref.group === '' && ref.resource === 'pods'
  switch (subresource) {
    case '':
      break
    case 'status':
      return 'reported the state of'
    case 'scale':
      return 'scaled'
    case 'binding':
      return 'placed'
    case 'eviction':
      return 'evicted'
    case 'resize':
      return 'resized'
    case 'ephemeralcontainers':
      return 'added a container for debugging to'
    case 'approval':
      return 'approved or denied'
    case 'finalize':
      return 'took a finalizer from'
    default:
      return `wrote the ${subresource} of`
  }
  if (verb === 'create') return 'created'
  if (verb === 'delete' || verb === 'deletecollection') return 'deleted'
  // A binding is written by the API server on behalf of the scheduler, as a change of the pod.
  if (isPod && user === 'system:kube-scheduler') return 'placed'
  return 'changed'
}

/** Fields that the writer holds since this very write, as paths; at most six. Lists are one field. */
export function fieldsOf(
  object: KubeObject | undefined,
  { manager, time, subresource }: Pick<WriteEntry, 'manager' | 'time' | 'subresource'>,
): readonly string[] {
  const entry = object?.metadata.managedFields?.find(
    (one) => one.manager === manager && one.time === time && (one.subresource ?? '') === subresource,
  )
  if (entry?.fieldsV1 === undefined) return []
  const paths = pathsOf(entry.fieldsV1 as FieldSet)
  // Labels and owners go along with what was really meant.
  const meant = paths.filter((path) => !path.startsWith('metadata.'))
  return (meant.length > 0 ? meant : paths).slice(0, fieldsMax)
}

const fieldsMax = 6

interface FieldSet {
  readonly [step: string]: FieldSet
}

function pathsOf(set: FieldSet, depth = 0): readonly string[] {
  return Object.entries(set).flatMap(([step, inner]) => {
    if (!step.startsWith('f:')) return []
    const name = step.slice(2)
    const deeper = depth < depthMax ? pathsOf(inner, depth + 1) : []
    return deeper.length === 0 ? [name] : deeper.map((path) => `${name}.${path}`)
  })
}

/** `spec.template.spec` says where a change was; its leaves would fill the screen. */
const depthMax = 2
