import { compile, type Environment, extend, type Program } from '#lib/cel/cel.ts'
import type { Structures } from '#lib/cel/environment.ts'
import {
  anyType,
  boolType,
  type CelType,
  dynType,
  intType,
  listType,
  mapType,
  nullType,
  stringType,
  structType,
  timestampType,
} from '#lib/cel/types.ts'
import { authorizerType, resourceCheckType } from './authorizer.ts'
import { environment } from './environment.ts'
import { jsonPatchFunctions } from './json-patch.ts'
import { jsonPatchType, objectType, patchStructures } from './patch-types.ts'

/** Which of the variables of admission an expression may name, beside those that all may. */
export interface AdmissionScope {
  readonly hasParams: boolean
  readonly hasAuthorizer: boolean
  /** `Object{}`, `JSONPatch{}` and `jsonpatch.escapeKey`: what mutations are made of. */
  readonly hasPatchTypes?: boolean
}

/** What an expression is for: it says of which types its value may be. */
export type AdmissionUse = 'condition' | 'message' | 'audit annotation' | 'variable' | 'apply configuration' | 'json patch'

/** `detail` is what a definition is refused with; `isInternal`: as an internal error, since the reference calls it one. */
export type AdmissionCompiled =
  | { readonly ok: true; readonly program: Program }
  | { readonly ok: false; readonly detail: string; readonly isInternal: boolean }

const wanted: Readonly<Record<AdmissionUse, readonly CelType[]>> = {
  condition: [boolType],
  message: [stringType],
  'audit annotation': [stringType, nullType],
  variable: [anyType],
  'apply configuration': [objectType],
  'json patch': [listType(jsonPatchType)],
}

/** Compiles the expressions of one policy, whose variables it learns in their order. */
export interface AdmissionCompiler {
  readonly compile: (expression: string, use: AdmissionUse, scope: AdmissionScope) => AdmissionCompiled
  /** Compiles a variable. From then on expressions may name it as `variables.<name>`, also when it is broken: then as anything. */
  readonly addVariable: (name: string, expression: string, scope: AdmissionScope) => AdmissionCompiled
}

/** `hasVariables`: whether `variables` is there at all. */
export function admissionCompiler(hasVariables: boolean): AdmissionCompiler {
  const types = new Map<string, CelType>()
  const structures: Structures = {
    find: (name) => (name === variablesType.name ? variablesType : undefined),
    field: (_name, field) => types.get(field),
  }
  const scoped = new Map<Environment, Environment>()
  const environmentFor = (scope: AdmissionScope): Environment => {
    const base = admissionEnvironment(scope)
    if (!hasVariables) return base
    const known = scoped.get(base)
    if (known !== undefined) return known
    const made = extend(base, { variables: { variables: variablesType }, structures })
    scoped.set(base, made)
    return made
  }
  const compileFor: AdmissionCompiler['compile'] = (expression, use, scope) => compileAs(expression, use, environmentFor(scope))
  return {
    compile: compileFor,
    addVariable(name, expression, scope) {
      const compiled = compileFor(expression, 'variable', scope)
      types.set(name, compiled.ok ? admissionVariableType(compiled.program.outputType) : dynType)
      return compiled
    },
  }
}

function compileAs(expression: string, use: AdmissionUse, within: Environment): AdmissionCompiled {
  const compiled = compile(expression, within)
  if (!compiled.ok)
    return compiled.instantiation === true
      ? { ok: false, detail: `program instantiation failed: ${compiled.message}`, isInternal: true }
      : { ok: false, detail: `compilation failed: ${compiled.message}`, isInternal: false }
  const types = wanted[use]
  const { program } = compiled
  if (types.some((type) => type === anyType || type.text === program.outputType.text)) return { ok: true, program }
  const texts = types.map(typeText)
  const expected = texts.length === 1 ? texts[0] : `one of [${texts.join(' ')}]`
  return { ok: false, detail: `must evaluate to ${expected} but got ${typeText(program.outputType)}`, isInternal: false }
}

/** A type by the names that types have at run time. */
export function typeText(type: CelType): string {
  return type.parameters.length === 0 ? type.name : `${type.name}(${type.parameters.map(typeText).join(', ')})`
}

/** What a variable is known as: only plain types, lists and maps keep theirs. */
export function admissionVariableType(type: CelType): CelType {
  if (type.kind === 'list') return listType(admissionVariableType(type.parameters[0] as CelType))
  if (type.kind === 'map')
    return mapType(admissionVariableType(type.parameters[0] as CelType), admissionVariableType(type.parameters[1] as CelType))
  return ['any', 'bool', 'bytes', 'double', 'duration', 'int', 'null', 'string', 'timestamp', 'uint'].includes(type.kind) ? type : dynType
}

const variablesType = structType('kubernetes.variables')
const requestType = structType('kubernetes.AdmissionRequest')
const namespaceType = structType('kubernetes.Namespace')
const nested = (name: string): CelType => structType(`kubernetes.${name}`)
const strings = listType(stringType)
const texts = mapType(stringType, stringType)

const groupVersionKind = { group: stringType, version: stringType, kind: stringType }
const groupVersionResource = { group: stringType, version: stringType, resource: stringType }

/** The fields of what admission shows of a request and of its namespace. Times are times to the checker only: values are text. */
const fields: Readonly<Record<string, Readonly<Record<string, CelType>>>> = {
  'kubernetes.GroupVersionKind': groupVersionKind,
  'kubernetes.GroupVersionResource': groupVersionResource,
  'kubernetes.UserInfo': { username: stringType, uid: stringType, groups: strings, extra: mapType(stringType, strings) },
  'kubernetes.AdmissionRequest': {
    kind: nested('GroupVersionKind'),
    resource: nested('GroupVersionResource'),
    subResource: stringType,
    requestKind: nested('GroupVersionKind'),
    requestResource: nested('GroupVersionResource'),
    requestSubResource: stringType,
    name: stringType,
    namespace: stringType,
    operation: stringType,
    userInfo: nested('UserInfo'),
    dryRun: boolType,
    options: dynType,
  },
  'kubernetes.NamespaceSpec': { finalizers: strings },
  'kubernetes.NamespaceCondition': {
    status: stringType,
    type: stringType,
    lastTransitionTime: timestampType,
    message: stringType,
    reason: stringType,
  },
  'kubernetes.NamespaceStatus': { conditions: listType(nested('NamespaceCondition')), phase: stringType },
  'kubernetes.NamespaceMetadata': {
    name: stringType,
    generateName: stringType,
    namespace: stringType,
    labels: texts,
    annotations: texts,
    UID: stringType,
    creationTimestamp: timestampType,
    deletionGracePeriodSeconds: intType,
    deletionTimestamp: timestampType,
    generation: intType,
    resourceVersion: stringType,
    finalizers: strings,
  },
  'kubernetes.Namespace': { metadata: nested('NamespaceMetadata'), spec: nested('NamespaceSpec'), status: nested('NamespaceStatus') },
}
const admissionStructures: Structures = {
  find: (name) => (Object.hasOwn(fields, name) ? structType(name) : undefined),
  field: (name, field) => (Object.hasOwn(fields[name] ?? {}, field) ? fields[name]?.[field] : undefined),
}

const environments = new Map<string, Environment>()

/** What expressions of admission may name, without variables of a policy. Made once for each scope. */
export function admissionEnvironment({ hasParams, hasAuthorizer, hasPatchTypes = false }: AdmissionScope): Environment {
  const key = `${hasParams} ${hasAuthorizer} ${hasPatchTypes}`
  const known = environments.get(key)
  if (known !== undefined) return known
  const base = environment({
    variables: {
      object: dynType,
      oldObject: dynType,
      namespaceObject: namespaceType,
      request: requestType,
      ...(hasParams ? { params: dynType } : {}),
      ...(hasAuthorizer ? { authorizer: authorizerType, 'authorizer.requestResource': resourceCheckType } : {}),
    },
    structures: admissionStructures,
  })
  const made = hasPatchTypes ? extend(base, { functions: jsonPatchFunctions, structures: patchStructures }) : base
  environments.set(key, made)
  return made
}
