import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isError, WherryError } from '#lib/errors.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import type { Attributes, Authorizer } from '../contract.ts'
import type { Outbound, OutboundResponse } from '../outbound.ts'
import { createConfiguredAuthorization } from './configured-authorization.ts'
import { asking } from './testing/memory-objects.ts'

const kubeconfig = `
apiVersion: v1
kind: Config
current-context: c
contexts: [{name: c, context: {cluster: k, user: u}}]
clusters: [{name: k, cluster: {server: https://authz.example/check, certificate-authority: /ca.crt}}]
users: [{name: u, user: {token: secret}}]
`
const head = 'apiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\n'
const hook = (more = '') =>
  `
- type: Webhook
  name: hook
  webhook:
    timeout: 3s
    subjectAccessReviewVersion: v1
    matchConditionSubjectAccessReviewVersion: v1
    failurePolicy: ${more.includes('failurePolicy') ? '' : 'NoOpinion'}
    connectionInfo: {type: KubeConfigFile, kubeConfigFile: /hook.conf}
${more}`.replace('    failurePolicy: \n', '')
const pods = (part: Partial<Attributes> = {}) => asking('jane', { resource: 'pods', verb: 'list', namespace: 'd', ...part })

test('a webhook is asked with the whole question, and its answer holds for a time', async () => {
  const world = worldOf(`${head}authorizers:${hook()}`)
  world.answers.push({ allowed: true, reason: 'said so' })
  const asked = pods({ fieldSelector: 'spec.nodeName=n,a!=b', labelSelector: 'app in (x,y),!z' })
  assert.deepEqual(await world.authorize(asked), { allowed: true, reason: 'said so' })
  assert.deepEqual(world.asked, [
    {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      metadata: {},
      spec: {
        user: 'jane',
        groups: ['system:authenticated'],
        resourceAttributes: {
          namespace: 'd',
          verb: 'list',
          version: 'v1',
          resource: 'pods',
          fieldSelector: {
            requirements: [
              { key: 'a', operator: 'NotIn', values: ['b'] },
              { key: 'spec.nodeName', operator: 'In', values: ['n'] },
            ],
          },
          labelSelector: {
            requirements: [
              { key: 'app', operator: 'In', values: ['x', 'y'] },
              { key: 'z', operator: 'DoesNotExist' },
            ],
          },
        },
      },
    },
  ])
  await world.clock.advance(5 * 60_000 - 1)
  assert.equal((await world.authorize(asked)).allowed, true)
  assert.equal(world.asked.length, 1)
  await world.clock.advance(1)
  world.answers.push({ allowed: false })
  assert.equal((await world.authorize(asked)).allowed, false)
  assert.equal(world.asked.length, 2)
  assert.equal(world.headers['authorization'], 'Bearer secret')
})

test('what an answer means', async () => {
  const decided = async (status: object) => {
    const world = worldOf(`${head}authorizers:${hook()}\n- {type: AlwaysAllow, name: alwaysallow}`)
    world.answers.push(status)
    return world.authorize(pods())
  }
  assert.equal((await decided({ allowed: false })).allowed, true)
  assert.deepEqual(await decided({ allowed: false, denied: true, reason: 'no' }), { allowed: false, denied: true, reason: 'no' })
  assert.equal((await decided({ allowed: true, denied: true })).allowed, false)
  assert.equal((await decided({})).allowed, true)
})

test('no answer is no opinion, or a refusal, as the policy says; a server that is busy is asked again', async () => {
  const world = worldOf(`${head}authorizers:${hook()}`)
  const failed = await world.authorize(pods())
  assert.equal(failed.allowed, false)
  assert.match(failed.error ?? '', /connection refused/)
  const strict = worldOf(`${head}authorizers:${hook('    failurePolicy: Deny')}\n- {type: AlwaysAllow, name: alwaysallow}`)
  assert.deepEqual((await strict.authorize(pods())).denied, true)
  world.statuses.push(500, 429)
  world.answers.push({ allowed: true })
  const waiting = world.authorize(pods())
  await world.clock.advance(5_000)
  assert.equal((await waiting).allowed, true)
  world.statuses.push(403)
  assert.match((await world.authorize(pods({ name: 'x' }))).error ?? '', /status code 403/)
})

test('conditions keep questions from the webhook', async () => {
  const world = worldOf(
    `${head}authorizers:${hook(`    matchConditions:
    - expression: "has(request.resourceAttributes) && request.resourceAttributes.namespace == 'd'"
    - expression: "!('system:serviceaccounts' in request.groups)"
    - expression: "!has(request.resourceAttributes.fieldSelector) || request.resourceAttributes.fieldSelector.requirements.all(r, r.key != 'secret')"
`)}`,
  )
  const isAsked = async (attributes: Attributes) => {
    const before = world.asked.length
    world.answers[0] = { allowed: true }
    await world.authorize(attributes)
    return world.asked.length > before
  }
  assert.equal(await isAsked(pods()), true)
  assert.equal(await isAsked(pods({ namespace: 'e' })), false)
  assert.equal(await isAsked(pods({ isResource: false, path: '/x' })), false)
  assert.equal(await isAsked(pods({ user: { name: 'a', groups: ['system:serviceaccounts'] } })), false)
  assert.equal(await isAsked(pods({ fieldSelector: 'secret=x' })), false)
  assert.equal(await isAsked(pods({ fieldSelector: 'other=x' })), true)
  const broken = worldOf(`${head}authorizers:${hook(`    matchConditions: [{expression: "request.extra['a'][0] == 'b'"}]`)}`)
  assert.match(
    (await broken.authorize(pods())).error ?? '',
    /cel evaluation error: expression 'request.extra\['a'\]\[0\] == 'b'' resulted in error: no such key: a/,
  )
})

test('masters pass, whatever the file says; another file takes its place', async () => {
  const world = worldOf(`${head}authorizers: [{type: AlwaysDeny, name: alwaysdeny}]`)
  assert.equal((await world.authorize(pods({ user: { name: 'root', groups: ['system:masters'] } }))).allowed, true)
  assert.equal((await world.authorize(pods())).reason, 'Everything is forbidden.')
  assert.throws(
    () => world.update(`${head}authorizers: []`),
    (error) => isError(error, 'Invalid'),
  )
  assert.equal((await world.authorize(pods())).allowed, false)
  assert.equal(world.update(`${head}authorizers: [{type: AlwaysAllow, name: alwaysallow}, {type: AlwaysDeny, name: alwaysdeny}]`), true)
  assert.equal((await world.authorize(pods())).allowed, true)
})

test('what a start began stays, and what only a start can begin does not come later', async () => {
  const rbac = `${head}authorizers: [{type: RBAC, name: rbac}]`
  const world = worldOf(rbac)
  const refused = (types: string, message: string) =>
    assert.throws(() => world.update(`${head}authorizers: [${types}]`), { code: 'Invalid', message })
  assert.equal(world.update(`# the same\n${rbac}`), false)
  refused('{type: AlwaysAllow, name: alwaysallow}', 'missing required types: [RBAC]')
  refused(
    '{type: RBAC, name: rbac}, {type: Node, name: node}',
    'authorizer type Node is not allowed if it was not enabled at initial server startup',
  )
  refused(
    '{type: AlwaysAllow, name: all}',
    '[expected name alwaysallow for authorizer AlwaysAllow instead of all, missing required types: [RBAC]]',
  )
  assert.equal((await world.authorize(pods())).reason, 'RBAC was asked')
})

test('configurations that are refused, in the reference’s words', () => {
  const refused = (text: string, message: string) => assert.throws(() => worldOf(`${head}${text}`), { message })
  refused('authorizers: []', 'authorizers: Required value: at least one authorization mode must be defined')
  refused(
    'authorizers: [{type: ABAC, name: a}]',
    'authorizers[0].type: Unsupported value: "ABAC": supported values: "AlwaysAllow", "AlwaysDeny", "Node", "RBAC", "Webhook"',
  )
  refused('authorizers: [{type: RBAC, name: a}, {type: RBAC, name: b}]', 'authorizers[1].type: Duplicate value: "RBAC"')
  refused('authorizers: [{type: RBAC}]', 'authorizers[0].name: Required value')
  refused('authorizers: [{type: RBAC, name: a}]', 'expected name rbac for authorizer RBAC instead of a')
  refused('authorizers: [{type: Webhook, name: a}]', 'authorizers[0].webhook: Required value: required when type=Webhook')
  refused(
    `authorizers:${hook('    matchConditions: [{expression: "request.user"}, {expression: "true"}, {expression: "true"}]')}`,
    '[authorizers[0].matchConditions[0].expression: Invalid value: "request.user": must evaluate to bool but got string, authorizers[0].matchConditions[2].expression: Duplicate value: "true"]',
  )
  refused(
    `authorizers:${hook('    failurePolicy: Maybe')}`,
    'authorizers[0].failurePolicy: Unsupported value: "Maybe": supported values: "NoOpinion", "Deny"',
  )
})

function worldOf(text: string) {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  const asked: object[] = []
  const answers: object[] = []
  const statuses: number[] = []
  let headers: Readonly<Record<string, string>> = {}
  const outbound: Outbound = async (_target, options, request): Promise<OutboundResponse> => {
    asked.push(JSON.parse(Buffer.from(request.body!).toString()))
    headers = { authorization: `Bearer ${options.bearerToken}` }
    const status = statuses.shift() ?? 200
    if (status !== 200) return { status, headers: {}, body: Buffer.from('{}') }
    const answer = answers.shift()
    if (answer === undefined) throw new WherryError('ServiceUnavailable', 'dial tcp: connect: connection refused')
    return { status, headers: {}, body: Buffer.from(JSON.stringify({ status: answer })) }
  }
  const never =
    (reason: string): Authorizer =>
    async () => ({ allowed: false, reason })
  const files: Readonly<Record<string, string>> = { '/hook.conf': kubeconfig, '/ca.crt': 'PEM' }
  const configured = createConfiguredAuthorization({
    text,
    node: never('Node was asked'),
    rbac: never('RBAC was asked'),
    outbound,
    clock,
    random: seededRandom(1),
    readFile: (path) => files[path]!,
  })
  return {
    clock,
    asked,
    answers,
    statuses,
    authorize: configured.authorize,
    update: configured.update,
    get headers() {
      return headers
    },
  }
}
