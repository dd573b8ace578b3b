import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readBody } from '#lib/http.ts'
import { createVirtualClock } from '#sim/clock.ts'
import type { UserInfo } from '../contract.ts'
import { createTestServer } from '../testing.ts'

/** Priority and fairness in front of a whole server, in virtual time. */

const path = '/apis/flowcontrol.apiserver.k8s.io/v1'
const maps = '/api/v1/namespaces/a/configmaps'
const user = (name: string): UserInfo => ({ name, groups: ['system:authenticated'] })

async function withLevel(spec: object, run: (server: Awaited<ReturnType<typeof start>>) => Promise<void>): Promise<void> {
  const server = await start()
  try {
    await server.send('POST', '/api/v1/namespaces', { metadata: { name: 'a' } })
    await server.send('POST', `${path}/prioritylevelconfigurations`, {
      metadata: { name: 'tight' },
      spec: { type: 'Limited', limited: spec },
    })
    await server.send('POST', `${path}/flowschemas`, {
      metadata: { name: 'tight' },
      spec: {
        priorityLevelConfiguration: { name: 'tight' },
        matchingPrecedence: 500,
        distinguisherMethod: { type: 'ByUser' },
        rules: [
          {
            subjects: [{ kind: 'Group', group: { name: 'system:authenticated' } }],
            resourceRules: [{ verbs: ['*'], apiGroups: [''], resources: ['configmaps'], namespaces: ['*'] }],
          },
        ],
      },
    })
    await server.clock.advance(0)
    await run(server)
  } finally {
    await server.close()
  }
}

/** Requests for configmaps stay in authorization until they are let go. */
async function start() {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  const held: (() => void)[] = []
  const server = await createTestServer({
    clock,
    server: { seatsTotal: 4 },
    authorize: async ({ user: asking, resource }) => {
      if (asking.groups.includes('system:masters')) return { allowed: true, reason: '' }
      if (resource === 'configmaps') await new Promise<void>((resolve) => held.push(resolve))
      return { allowed: true, reason: '' }
    },
  })
  const answered: string[] = []
  return {
    ...server,
    clock,
    held,
    answered,
    async send(method: string, target: string, body?: object) {
      const answer = await server.transport({ method, path: target, headers: {}, ...(body && { body: Buffer.from(JSON.stringify(body)) }) })
      assert.ok(answer.status < 300, `${method} ${target}: ${Buffer.from(await readBody(answer.body)).toString()}`)
      return JSON.parse(Buffer.from(await readBody(answer.body)).toString())
    },
    /** Begins a request as this user; its status is noted when it is answered. */
    ask(name: string, target = maps) {
      const answer = server.transportAs(user(name))({ method: 'GET', path: target, headers: {} })
      void answer.then(({ status }) => answered.push(`${name} ${status}`))
      return answer
    },
  }
}

const queued = { type: 'Queue', queuing: { queues: 16, handSize: 4, queueLengthLimit: 2 } }

test('what finds no seat waits, and goes on when one is free; answers name what decided', async () => {
  await withLevel({ nominalConcurrencyShares: 5, limitResponse: queued }, async (server) => {
    const seats = server.held.length
    for (let i = 0; i < 6; i += 1) void server.ask(`u${i}`)
    await server.clock.advance(1)
    const letIn = server.held.length - seats
    assert.ok(letIn >= 1 && letIn < 6, `${letIn} let in at once`)
    assert.equal(server.answered.length, 0)
    for (let i = 0; i < 6; i += 1) {
      server.held.shift()?.()
      await server.clock.advance(1)
    }
    assert.equal(server.answered.length, 6)
    assert.ok(server.answered.every((answer) => answer.endsWith(' 200')))
    const schema = await server.send('GET', `${path}/flowschemas/tight`)
    const level = await server.send('GET', `${path}/prioritylevelconfigurations/tight`)
    const answer = server.ask('again')
    await server.clock.advance(1)
    server.held.shift()!()
    const { headers } = await answer
    assert.equal(headers['x-kubernetes-pf-flowschema-uid'], schema.metadata.uid)
    assert.equal(headers['x-kubernetes-pf-prioritylevel-uid'], level.metadata.uid)
  })
})

test('who waits too long is refused in the reference’s words, and so is who finds its queue full', async () => {
  await withLevel({ nominalConcurrencyShares: 1, limitResponse: queued, borrowingLimitPercent: 0 }, async (server) => {
    const asked = Array.from({ length: 12 }, () => server.ask('same'))
    await server.clock.advance(1)
    const refused = await Promise.race(asked.slice(-1))
    assert.equal(refused.status, 429)
    assert.equal(refused.headers['retry-after'], '1')
    assert.equal(Buffer.from(await readBody(refused.body)).toString(), 'Too many requests, please try again later.\n')
    const early = server.answered.length
    assert.ok(early > 0 && early < 12)
    await server.clock.advance(15_000)
    assert.equal(server.answered.length, 12 - server.held.length, 'all but what runs are refused')
    const { body } = await server.transport({ method: 'GET', path: '/metrics', headers: {} })
    const text = Buffer.from(await readBody(body)).toString()
    assert.match(text, /apiserver_flowcontrol_rejected_requests_total\{flow_schema="tight",priority_level="tight",reason="time-out"\} \d/)
    assert.match(text, /apiserver_flowcontrol_rejected_requests_total\{flow_schema="tight",priority_level="tight",reason="queue-full"\} \d/)
    assert.match(text, /apiserver_request_terminations_total\{[^}]*code="429"/)
    for (const go of server.held) go()
  })
})

test('who was answered while it waited takes no seat when its turn comes, and does nothing any more', async () => {
  const only = { nominalConcurrencyShares: 1, limitResponse: queued, borrowingLimitPercent: 0, lendablePercent: 0 }
  await withLevel(only, async (server) => {
    const working: Promise<unknown>[] = []
    while (server.held.length === working.length) {
      working.push(server.ask('same'))
      await server.clock.advance(1)
    }
    const late = server.ask('late', `${maps}?timeout=1s`)
    await server.clock.advance(1000)
    assert.equal((await late).status, 504)
    const seats = server.held.length
    for (let begun = 0; begun < working.length; begun += 1) {
      await server.clock.advance(1)
      server.held.shift()!()
    }
    await Promise.all(working)
    await server.clock.advance(1)
    assert.equal(server.held.length, 0, 'nobody else began')
    for (let i = 0; i < seats; i += 1) void server.ask('next')
    await server.clock.advance(1)
    assert.equal(server.held.length, seats, 'all seats are free again')
    for (const go of server.held) go()
    await server.clock.advance(1)
  })
})

test('administrators pass a level that is full; a watch gives its seat back once it has begun', async () => {
  await withLevel({ nominalConcurrencyShares: 1, limitResponse: { type: 'Reject' }, borrowingLimitPercent: 0 }, async (server) => {
    for (let i = 0; i < 3; i += 1) {
      const watch = server.ask('watcher', `${maps}?watch=true&timeoutSeconds=1000`)
      await server.clock.advance(1)
      server.held.shift()?.()
      const { status, body } = await watch
      assert.equal(status, 200, `watch ${i}`)
      void (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]().next()
      await server.clock.advance(1)
    }
    for (let i = 0; i < 9; i += 1) void server.ask('same')
    await server.clock.advance(1)
    assert.ok(server.answered.includes('same 429'))
    await server.send('GET', maps)
    for (const go of server.held) go()
  })
})

test('a schema whose level is missing says so, and says when it is there again', async () => {
  await withLevel({ nominalConcurrencyShares: 5, limitResponse: queued }, async (server) => {
    const condition = async () => (await server.send('GET', `${path}/flowschemas/tight`)).status.conditions[0]
    await server.clock.advance(10)
    assert.deepEqual([(await condition()).status, (await condition()).reason], ['False', 'Found'])
    await server.send('DELETE', `${path}/prioritylevelconfigurations/tight`)
    await server.clock.advance(10)
    const { type, status, reason, message } = await condition()
    assert.deepEqual([type, status, reason], ['Dangling', 'True', 'NotFound'])
    assert.equal(message, 'This FlowSchema references the PriorityLevelConfiguration object named "tight" but there is no such object')
    const { metadata } = await server.send('GET', `${path}/flowschemas/tight`)
    const owner = metadata.managedFields.find(({ subresource }: { readonly subresource?: string }) => subresource === 'status')
    assert.deepEqual([owner.manager, owner.operation], ['api-priority-and-fairness-config-consumer-v1', 'Apply'])
    assert.deepEqual(Object.keys(owner.fieldsV1['f:status']['f:conditions']), ['k:{"type":"Dangling"}'])
    assert.equal(metadata.generation, 1)
  })
})

test('a level that is deleted stays until its last request has ended; others are not disturbed', async () => {
  await withLevel({ nominalConcurrencyShares: 5, limitResponse: queued }, async (server) => {
    const row = async (name: string): Promise<readonly string[] | undefined> => {
      const { body } = await server.transport({ method: 'GET', path: '/debug/api_priority_and_fairness/dump_priority_levels', headers: {} })
      const lines = Buffer.from(await readBody(body))
        .toString()
        .split('\n')
      return lines.map((line) => line.split(/, */)).find(([level]) => level === name)
    }
    const held = server.ask('someone')
    await server.clock.advance(1)
    await server.send('POST', `${path}/prioritylevelconfigurations`, {
      metadata: { name: 'another' },
      spec: { type: 'Limited', limited: { nominalConcurrencyShares: 1, limitResponse: { type: 'Reject' } } },
    })
    await server.clock.advance(1)
    assert.deepEqual((await row('tight'))?.slice(1, 6), ['0', 'false', 'false', '0', '1'], 'busy, but wanted')
    await server.send('DELETE', `${path}/prioritylevelconfigurations/tight`)
    await server.clock.advance(1)
    assert.deepEqual((await row('tight'))?.slice(1, 6), ['0', 'false', 'true', '0', '1'], 'busy and unwanted')
    server.held.shift()!()
    await held
    await server.clock.advance(1)
    assert.equal(await row('tight'), undefined)
  })
})
