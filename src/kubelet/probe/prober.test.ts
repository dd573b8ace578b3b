/** What is asked of a container, and what its pod's owner is told about it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WherryError } from '#lib/errors.ts'
import type { NetworkProbe } from '../interfaces.ts'
import type { Runtime } from '../runtime.ts'
import { container, world } from '../test-world.ts'

const env = [
  { name: 'HARBOUR', value: 'quay' },
  { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
]
const commandProbe = { exec: { command: ['test', '$(HARBOUR)', '$$(HARBOUR)', '[$(NODE)]', '$(NONE)'] }, periodSeconds: 30 }

check('a command has the values that the spec gives to variables', {
  probe: commandProbe,
  asked: [['test', 'quay', '$(HARBOUR)', '[]', '$(NONE)']],
  isReady: true,
  events: [],
})
check('a command that cannot be run says nothing of the container, and is told of', {
  probe: commandProbe,
  failures: 3,
  asked: Array(3).fill(['test', 'quay', '$(HARBOUR)', '[]', '$(NONE)']),
  isReady: false,
  events: ['Unhealthy Readiness probe errored and resulted in unknown state: no such program'],
})
check('what fails once is asked again at once', { probe: commandProbe, failures: 1, isReady: true, events: [] })
check('a runtime that is away is nobody’s fault', { probe: commandProbe, failures: 3, isAway: true, isReady: false, events: [] })
check('a port that has no number', {
  probe: { httpGet: { port: 'gate' }, periodSeconds: 30 },
  isReady: false,
  events: ["Unhealthy Readiness probe errored and resulted in unknown state: couldn't find port: gate"],
})
check('an answer that sends elsewhere is one, and is told of', {
  probe: { httpGet: { port: 80 }, periodSeconds: 30 },
  answer: { result: 'success', output: 'Probe terminated redirects, Response body: there', isWarning: true },
  isReady: true,
  events: ['ProbeWarning Readiness probe warning: Probe terminated redirects, Response body: there'],
})

interface Case {
  readonly probe: object
  /** How often the runtime cannot run the command. */
  readonly failures?: number
  readonly isAway?: boolean
  readonly answer?: Awaited<ReturnType<NetworkProbe['http']>>
  readonly asked?: readonly (readonly string[])[]
  readonly isReady: boolean
  readonly events: readonly string[]
}

function check(name: string, { probe, failures = 0, isAway = false, answer, asked, isReady, events }: Case): void {
  test(name, async (t) => {
    const commands: (readonly string[])[] = []
    const through = (runtime: Runtime): Runtime => ({
      ...runtime,
      async execSync(_, command) {
        commands.push(command)
        if (commands.length <= failures) throw new WherryError(isAway ? 'ServiceUnavailable' : 'InternalError', 'no such program')
        return { exitCode: 0, stdout: new Uint8Array(), stderr: new Uint8Array() }
      },
    })
    const { node, pass, status } = await world(t, {}, 1, undefined, through, answer && { network: { http: async () => answer } as never })
    await node.create('one', { containers: [container('main', 'app', { env, readinessProbe: probe })] })
    await pass(3000)
    if (asked !== undefined) assert.deepEqual(commands, asked)
    assert.equal((await status('main')).ready, isReady)
    assert.deepEqual(
      node.events.filter((event) => /^(Unhealthy|ProbeWarning) /.test(event)),
      events,
    )
  })
}
