import type { CustomResourceSubresourceScale } from '#api/apiextensions/v1/types.ts'
import { Scale } from '#api/autoscaling/v1/scale.ts'
import type { AnyKind, KubeObject, Subresource } from '#api/kind.ts'
import type { Cause } from '#lib/errors.ts'
import { getOwn, isObject, setPath } from '#schema/fields.ts'
import { goValue } from '#schema/go-text.ts'
import { invalid } from '#schema/validate.ts'

type Paths = CustomResourceSubresourceScale

/** The `scale` subresource of a custom resource: its counts stand where its definition says. */
export function scaleOf(paths: Paths): Subresource {
  return {
    sort: 'view',
    verbs: ['get', 'patch', 'update'],
    type: shownScale,
    replicasField: paths.specReplicasPath.replace(/^\./, ''),
    show: (object: KubeObject) => show(paths, object),
    write: (object: KubeObject, scale: { readonly spec?: { readonly replicas?: number } }) =>
      setPath(object, stepsOf(paths.specReplicasPath), scale.spec?.replicas ?? 0),
    unreadable: (object: KubeObject) =>
      numberAt(object, paths.specReplicasPath).found
        ? undefined
        : `the spec replicas field ${JSON.stringify(paths.specReplicasPath)} does not exist`,
  }
}

/** What is wrong with counts is told of the object, not of its scale. */
const shownScale: AnyKind = { ...Scale, rules: {} }

/** Counts and selector that are not of their type, or out of bounds. */
export function validateScale(paths: Paths | undefined, object: unknown, part: 'both' | 'status'): Cause[] {
  if (paths === undefined) return []
  const causes = part === 'both' ? validateCount(object, paths.specReplicasPath) : []
  causes.push(...validateCount(object, paths.statusReplicasPath))
  if (paths.labelSelectorPath !== undefined) {
    const problem = textProblem(object, paths.labelSelectorPath)
    if (problem !== undefined) causes.push(invalid(paths.labelSelectorPath, '', problem))
  }
  return causes
}

function validateCount(object: unknown, path: string): Cause[] {
  const { value, problem } = numberAt(object, path)
  if (problem !== undefined) return [invalid(path, 0, problem)]
  if (value < 0) return [invalid(path, value, 'should be a non-negative integer')]
  return value > countMax ? [invalid(path, value, `should be less than or equal to ${countMax}`)] : []
}

const countMax = 2 ** 31 - 1

function show(paths: Paths, object: KubeObject): unknown {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const selector = paths.labelSelectorPath === undefined ? undefined : valueAt(object, paths.labelSelectorPath).value
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      uid,
      resourceVersion,
      creationTimestamp,
    },
    spec: { replicas: numberAt(object, paths.specReplicasPath).value },
    status: {
      replicas: numberAt(object, paths.statusReplicasPath).value,
      ...(typeof selector === 'string' && selector !== '' && { selector }),
    },
  }
}

const stepsOf = (path: string): string[] => path.replace(/^\./, '').split('.')

interface At {
  readonly value: unknown
  readonly problem?: string
}

function valueAt(object: unknown, path: string): At {
  let value = object
  const steps = stepsOf(path)
  for (const [i, step] of steps.entries()) {
    if (!isObject(value))
      return {
        value: undefined,
        problem: `.${steps.slice(0, i + 1).join('.')} accessor error: ${goValue(value)} is of the type ${goTypeOf(value)}, expected map[string]interface {}`,
      }
    value = getOwn(value, step)
    if (value === undefined) return { value }
  }
  return { value }
}

function numberAt(object: unknown, path: string): { readonly value: number; readonly found: boolean; readonly problem?: string } {
  const { value, problem } = valueAt(object, path)
  if (problem !== undefined) return { value: 0, found: false, problem }
  if (value === undefined) return { value: 0, found: false }
  if (typeof value === 'number' && Number.isInteger(value)) return { value, found: true }
  return { value: 0, found: false, problem: typeProblem(value, path, 'int64') }
}

function textProblem(object: unknown, path: string): string | undefined {
  const { value, problem } = valueAt(object, path)
  if (problem !== undefined) return problem
  return value === undefined || typeof value === 'string' ? undefined : typeProblem(value, path, 'string')
}

const typeProblem = (value: unknown, path: string, wanted: string): string =>
  `.${stepsOf(path).join('.')} accessor error: ${goValue(value)} is of the type ${goTypeOf(value)}, expected ${wanted}`

/** What Go's decoder makes of a JSON value. */
function goTypeOf(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (Array.isArray(value)) return '[]interface {}'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64'
  return typeof value === 'boolean' ? 'bool' : typeof value === 'object' ? 'map[string]interface {}' : 'string'
}
