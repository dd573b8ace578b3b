import type { TokenRequest as TokenRequestBody } from '#api/authentication/v1/types.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { Secret } from '#api/core/v1/secret.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import type { Clock } from '#lib/clock.ts'
import { type Cause, WherryError } from '#lib/errors.ts'
import type { Random } from '#lib/random.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { quote } from '#schema/go-text.ts'
import { invalid } from '#schema/validate.ts'
import type { Objects, SubresourceHandler } from '../contract.ts'
import { badRequest, invalidError, notFoundError } from '../http/status.ts'
import { credentialIdOf, issuedCredentialIdKey, type KubernetesClaims, type ObjectRef, serviceAccountUser } from './claims.ts'
import type { TokenKeys } from './token-keys.ts'

/** How tokens are issued. */
export interface TokenRequestOptions {
  readonly keys: TokenKeys
  readonly clock: Clock
  readonly random: Random
  /** What a token is for when a request names no audience. Absent: the issuer. */
  readonly audiences?: readonly string[]
}

/**
 * Handler of `serviceaccounts/token`: issues a token bound to the account, and to a pod, secret or node where the request names one. Nothing
 * is stored, so a dry run answers alike. Lives are those of the reference: 10 minutes to 2^32 seconds, one hour when not said.
 */
export function createTokenRequestHandler(options: TokenRequestOptions): SubresourceHandler {
  const audiencesDefault = options.audiences ?? [options.keys.issuer]
  return async ({ object: account, body, server, annotate }) => {
    const request = body as Partial<TokenRequestBody>
    checkMetadata(request.metadata ?? {}, account)
    const expirationSeconds = request.spec?.expirationSeconds ?? 3600
    const audiences = request.spec?.audiences?.length ? request.spec.audiences : audiencesDefault
    const causes = checkExpiration(expirationSeconds)
    if (causes.length > 0) throw invalidError(tokenRequest, '', causes)
    const bound = bind(request.spec?.boundObjectRef ?? undefined, account, server.objects)
    // Pods ask for 3607 seconds where the reference's projection does: clients of before token rotation read the file once, so such a token
    // lives a year and only warns after the hour (KEP 1205, "safe rollout").
    const isStretched =
      bound.pod !== undefined && expirationSeconds === warnOnlySeconds && audiences.every((audience) => audiencesDefault.includes(audience))
    const nowMs = options.clock.now()
    const now = Math.floor(nowMs / 1000)
    const namespace = account.metadata.namespace!
    const jti = options.random.uuid()
    const token = await options.keys.sign({
      iss: options.keys.issuer,
      sub: serviceAccountUser(namespace, account.metadata.name),
      aud: audiences,
      iat: now,
      nbf: now,
      exp: now + (isStretched ? stretchedSeconds : expirationSeconds),
      jti,
      'kubernetes.io': {
        namespace,
        serviceaccount: { name: account.metadata.name, uid: account.metadata.uid },
        ...bound,
        ...(isStretched && { warnafter: now + warnOnlySeconds }),
      },
    })
    // Who finds a credential in one event finds by it the event in which it was issued (KEP-4193).
    annotate(issuedCredentialIdKey, credentialIdOf(jti))
    return {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: {
        ...request.metadata,
        name: account.metadata.name,
        namespace,
        uid: account.metadata.uid,
        creationTimestamp: rfc3339(nowMs),
      },
      spec: { audiences: [...audiences], expirationSeconds, boundObjectRef: request.spec?.boundObjectRef ?? null },
      status: { token, expirationTimestamp: rfc3339(nowMs + expirationSeconds * 1000) },
    } as unknown as KubeObject
  }
}

const tokenRequest = { group: 'authentication.k8s.io', kind: 'TokenRequest' }
const warnOnlySeconds = 3607
const stretchedSeconds = 365 * 24 * 3600

interface GivenMeta {
  readonly name?: string | undefined
  readonly namespace?: string | undefined
  readonly uid?: string | undefined
}

function checkMetadata(given: GivenMeta, account: KubeObject): void {
  const { name, namespace, uid } = account.metadata
  const must = (field: 'name' | 'namespace', value: string) =>
    invalidError(tokenRequest, name, [invalid(`metadata.${field}`, value, `must match the service account ${field} if specified`)])
  if (given.name && given.name !== name) throw must('name', given.name)
  if (given.namespace && given.namespace !== namespace) throw must('namespace', given.namespace)
  if (given.uid && given.uid !== uid)
    throw new WherryError(
      'Conflict',
      `Operation cannot be fulfilled on TokenRequest.authentication.k8s.io ${quote(name)}: the UID in the token request (${given.uid}) does not match the UID of the service account (${uid})`,
      { group: 'authentication.k8s.io', kind: 'TokenRequest', name },
    )
}

function checkExpiration(value: number): Cause[] {
  if (value < 600) return [invalid('spec.expirationSeconds', value, 'may not specify a duration less than 10 minutes')]
  if (value > 2 ** 32) return [invalid('spec.expirationSeconds', value, 'may not specify a duration larger than 2^32 seconds')]
  return []
}

function bind(
  ref: TokenRequestBody['spec']['boundObjectRef'] | undefined,
  account: KubeObject,
  objects: Objects,
): Pick<KubernetesClaims, 'pod' | 'secret' | 'node'> {
  if (ref === undefined || ref === null) return {}
  const [group, version] = splitApiVersion(ref.apiVersion ?? '')
  const kind = group === '' ? bindable.find((candidate) => candidate.kind === ref.kind) : undefined
  if (kind === undefined) throw badRequest(`cannot bind token to object of type ${group}/${version}, Kind=${ref.kind ?? ''}`)
  const name = ref.name ?? ''
  if (name === '') throw badRequest('Name parameter required.')
  const object = objects.get(kind, name, kind.scope === 'Namespaced' ? account.metadata.namespace : undefined)
  if (object === undefined) throw notFoundError(kind, name)
  if (kind === Pod && (object as Pod).spec?.serviceAccountName !== account.metadata.name)
    throw badRequest(
      `cannot bind token for serviceaccount ${quote(account.metadata.name)} to pod running with different serviceaccount name.`,
    )
  if (ref.uid && ref.uid !== object.metadata.uid)
    throw new WherryError(
      'Conflict',
      `Operation cannot be fulfilled on ${kind.kind} ${quote(name)}: the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
      { kind: kind.kind, name },
    )
  const own: ObjectRef = { name, uid: object.metadata.uid }
  if (kind === Secret) return { secret: own }
  if (kind === Node) return { node: own }
  const nodeName = (object as Pod).spec?.nodeName
  if (!nodeName) return { pod: own }
  const uid = objects.get(Node, nodeName)?.metadata.uid
  return { pod: own, node: { name: nodeName, ...(uid !== undefined && { uid }) } }
}

const bindable: readonly AnyKind[] = [Pod, Secret, Node]

/** What is no `group/version` counts as none at all. */
const splitApiVersion = (apiVersion: string): readonly [group: string, version: string] => {
  const parts = apiVersion.split('/')
  if (parts.length > 2) return ['', '']
  return parts.length === 1 ? ['', parts[0]!] : [parts[0]!, parts[1]!]
}
