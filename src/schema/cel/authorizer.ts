import type { Functions, Implementation } from '#lib/cel/environment.ts'
import { structType } from '#lib/cel/types.ts'
import { fault, type OpaqueValue, type Value } from '#lib/cel/values.ts'
import { checkDns1123Label, checkDns1123Subdomain } from '../formats.ts'

const typeNamed = (name: string) => structType(`kubernetes.authorization.${name}`)
/** Type of `authorizer`, which asks what the user of a request may do. */
export const authorizerType = typeNamed('Authorizer')
/** Type of a question about a resource, still to be completed: `authorizer.group('apps').resource('deployments')`. */
export const resourceCheckType = typeNamed('ResourceCheck')
const pathCheckType = typeNamed('PathCheck')
const groupCheckType = typeNamed('GroupCheck')
const decisionType = typeNamed('Decision')

/** What an expression asks the authorizer. `serviceAccount`: asked for that account instead of the request's user. */
export interface AuthorizerQuestion {
  readonly serviceAccount?: { readonly namespace: string; readonly name: string }
  readonly verb: string
  /** A path that is no resource; the fields below then are ''. */
  readonly path: string
  readonly group: string
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  readonly fieldSelector: string
  readonly labelSelector: string
}
/** What the authorizers say. `error`: one of them could not decide. */
export interface AuthorizerAnswer {
  readonly allowed: boolean
  readonly reason: string
  readonly error?: string
}

/**
 * The answer, `undefined` when it is not known yet. An authorizer may have to wait, and evaluation never does: the one who runs the
 * expression notes the question, ends the run (`AnswerPending`), gets the answer and runs it again. See `withAuthorizer`.
 */
export type AskAuthorizer = (question: AuthorizerQuestion) => AuthorizerAnswer

/** Thrown through an evaluation by an `AskAuthorizer` that does not know the answer yet. */
export class AnswerPending extends Error {
  readonly question: AuthorizerQuestion
  constructor(question: AuthorizerQuestion) {
    super('the authorizer has to be asked first')
    this.question = question
  }
}

/**
 * Runs what may ask the authorizer, again for each new question until all are answered. A check costs more than a third of what one
 * expression may cost, so there are few.
 */
export async function withAuthorizer<T>(
  authorize: (question: AuthorizerQuestion) => Promise<AuthorizerAnswer>,
  run: (ask: AskAuthorizer) => T,
): Promise<T> {
  const answers = new Map<string, AuthorizerAnswer>()
  const ask: AskAuthorizer = (question) => {
    const answer = answers.get(JSON.stringify(question))
    if (answer === undefined) throw new AnswerPending(question)
    return answer
  }
  for (;;)
    try {
      return run(ask)
    } catch (error) {
      if (!(error instanceof AnswerPending)) throw error
      answers.set(JSON.stringify(error.question), await authorize(error.question))
    }
}

interface Held {
  readonly ask: AskAuthorizer
  readonly question: Omit<AuthorizerQuestion, 'verb'>
}
const nothing = { path: '', group: '', resource: '', subresource: '', namespace: '', name: '', fieldSelector: '', labelSelector: '' }
const held = (value: Value): Held => (value as OpaqueValue).value as Held
const made = (type: OpaqueValue['type'], value: unknown): OpaqueValue => ({ kind: 'opaque', type, value })

/** The variable `authorizer`. */
export const authorizerValue = (ask: AskAuthorizer): Value => made(authorizerType, { ask, question: nothing } satisfies Held)
/** The variable `authorizer.requestResource`: a check of what the request asks for. */
export const resourceCheckValue = (
  ask: AskAuthorizer,
  resource: Pick<AuthorizerQuestion, 'group' | 'resource' | 'subresource' | 'namespace' | 'name'>,
): Value => made(resourceCheckType, { ask, question: { ...nothing, ...resource } } satisfies Held)

const narrowed =
  (type: OpaqueValue['type'], field: keyof typeof nothing, required?: string): Implementation =>
  (value, text) => {
    if (required !== undefined && (text as string).trim() === '') return fault(required)
    const { ask, question } = held(value as Value)
    return made(type, { ask, question: { ...question, [field]: text as string } } satisfies Held)
  }

const check: Implementation = (value, verb) => {
  const { ask, question } = held(value as Value)
  return made(decisionType, ask({ ...question, verb: verb as string }))
}

const serviceAccount: Implementation = (value, namespace, name) => {
  if (checkDns1123Subdomain(name as string).length > 0) return fault('Invalid service account name')
  if (checkDns1123Label(namespace as string).length > 0) return fault('Invalid service account namespace')
  const account = { namespace: namespace as string, name: name as string }
  return made(authorizerType, { ask: held(value as Value).ask, question: { ...nothing, serviceAccount: account } } satisfies Held)
}

const decided =
  (read: (answer: AuthorizerAnswer) => Value): Implementation =>
  (value) =>
    read((value as OpaqueValue).value as AuthorizerAnswer)

const type = (name: string): string => `kubernetes.authorization.${name}`
/** Kubernetes' functions of authorization (documentation, "Kubernetes authorizer library"), selectors included. */
export const authorizerFunctions: Functions = {
  path: {
    authorizer_path: [`${type('Authorizer')}.(string) -> ${type('PathCheck')}`, narrowed(pathCheckType, 'path', 'path must not be empty')],
  },
  group: { authorizer_group: [`${type('Authorizer')}.(string) -> ${type('GroupCheck')}`, narrowed(groupCheckType, 'group')] },
  serviceAccount: { authorizer_serviceaccount: [`${type('Authorizer')}.(string, string) -> ${type('Authorizer')}`, serviceAccount] },
  resource: {
    groupcheck_resource: [
      `${type('GroupCheck')}.(string) -> ${type('ResourceCheck')}`,
      narrowed(resourceCheckType, 'resource', 'resource must not be empty'),
    ],
  },
  subresource: {
    resourcecheck_subresource: [
      `${type('ResourceCheck')}.(string) -> ${type('ResourceCheck')}`,
      narrowed(resourceCheckType, 'subresource'),
    ],
  },
  namespace: {
    resourcecheck_namespace: [`${type('ResourceCheck')}.(string) -> ${type('ResourceCheck')}`, narrowed(resourceCheckType, 'namespace')],
  },
  name: { resourcecheck_name: [`${type('ResourceCheck')}.(string) -> ${type('ResourceCheck')}`, narrowed(resourceCheckType, 'name')] },
  fieldSelector: {
    authorizer_fieldselector: [
      `${type('ResourceCheck')}.(string) -> ${type('ResourceCheck')}`,
      narrowed(resourceCheckType, 'fieldSelector'),
    ],
  },
  labelSelector: {
    authorizer_labelselector: [
      `${type('ResourceCheck')}.(string) -> ${type('ResourceCheck')}`,
      narrowed(resourceCheckType, 'labelSelector'),
    ],
  },
  check: {
    pathcheck_check: [`${type('PathCheck')}.(string) -> ${type('Decision')}`, check],
    resourcecheck_check: [`${type('ResourceCheck')}.(string) -> ${type('Decision')}`, check],
  },
  errored: { decision_errored: [`${type('Decision')}.() -> bool`, decided(({ error }) => error !== undefined)] },
  error: { decision_error: [`${type('Decision')}.() -> string`, decided(({ error }) => error ?? '')] },
  allowed: { decision_allowed: [`${type('Decision')}.() -> bool`, decided(({ allowed }) => allowed)] },
  reason: { decision_reason: [`${type('Decision')}.() -> string`, decided(({ reason }) => reason)] },
}
