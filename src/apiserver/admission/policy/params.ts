import type { ParamKind, ParamRef } from '#api/admissionregistration/v1/types.ts'
import { type AnyKind, apiVersionOf, type KubeObject } from '#api/kind.ts'
import { matches, selectorOf } from '#api/meta/v1/selector.ts'
import type { Objects } from '../../contract.ts'

/** A policy or binding that cannot be used as it stands: its failure policy decides what becomes of the write. */
export class ConfigurationError extends Error {}

/**
 * The parameters that a binding names: the policy is evaluated once for each. One `undefined` where there are to be none; none at all where
 * they are not found and that is allowed. Throws a `ConfigurationError`.
 */
export function paramsOf(
  objects: Objects,
  paramKind: ParamKind | undefined,
  paramRef: ParamRef | undefined,
  namespace: string,
): readonly (KubeObject | undefined)[] {
  if (paramKind === undefined || paramRef === undefined) return [undefined]
  const kind = knownKind(objects, paramKind)
  const place = placeOf(kind, paramRef, namespace)
  const params = found(objects, kind, paramRef, place)
  if (params.length === 0 && paramRef.parameterNotFoundAction === 'Deny')
    throw new ConfigurationError('no params found for policy binding with `Deny` parameterNotFoundAction')
  return params.map((param) => ({ ...param, apiVersion: apiVersionOf(kind), kind: kind.kind }))
}

/** The kind of the parameters. Throws a `ConfigurationError` for one that is not served: it is the policy that is broken then, bound how ever. */
export function knownKind(objects: Objects, paramKind: ParamKind): AnyKind {
  const kind = kindOf(objects, paramKind)
  if (kind === undefined) throw new ConfigurationError(`failed to find resource referenced by paramKind: '${describe(paramKind)}'`)
  return kind
}

const kindOf = (objects: Objects, { apiVersion = '', kind = '' }: ParamKind): AnyKind | undefined => {
  const slash = apiVersion.lastIndexOf('/')
  const version = apiVersion.slice(slash + 1)
  return objects.kindsNamed(apiVersion.slice(0, Math.max(0, slash)), kind).find((each) => each.version === version)
}

/** As Go prints a group, version and kind. */
function describe({ apiVersion = '', kind = '' }: ParamKind): string {
  return `${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}`
}

function placeOf(kind: AnyKind, paramRef: ParamRef, namespace: string): string | undefined {
  const wanted = paramRef.namespace ?? ''
  if (kind.scope !== 'Namespaced') {
    if (wanted !== '') throw new ConfigurationError('paramRef.namespace must not be provided for a cluster-scoped `paramKind`')
    return undefined
  }
  if (wanted !== '') return wanted
  if (namespace === '')
    throw new ConfigurationError('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources')
  return namespace
}

function found(objects: Objects, kind: AnyKind, { name = '', selector }: ParamRef, place: string | undefined): readonly KubeObject[] {
  if (name !== '') {
    if (selector !== undefined) throw new ConfigurationError('paramRef.name and paramRef.selector are mutually exclusive')
    const param = objects.get(kind, name, place)
    return param === undefined ? [] : [param]
  }
  if (selector === undefined) throw new ConfigurationError('one of name or selector must be provided')
  const wanted = selectorOf(selector)
  return objects.list(kind, place).filter((param) => matches(wanted, param.metadata.labels))
}
