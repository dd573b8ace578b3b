import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { defaultConfig, readConfig, writeConfig } from '#host/config.ts'
import { paths } from '#host/layout.ts'
import { followServer } from './follow-server.ts'

const folder = mkdtempSync(join(tmpdir(), 'wherry-follow-'))
after(() => rmSync(folder, { recursive: true }))
const layout = { dataDirectory: join(folder, 'data'), runDirectory: join(folder, 'run') }
const where = paths(layout)
const bridge = 'https://10.243.0.1:6443'

test('a node that asks at a former address asks at the bridge, with an agent that begins anew', async () => {
  writeConfig(where.config, { ...defaultConfig(), nodeName: 'box-2', nodeLabels: { disk: 'ssd' }, server: 'https://192.0.2.1:6443' })
  const agent = spawn('sleep', ['1000'])
  mkdirSync(dirname(where.agentPid), { recursive: true })
  const startTicks = readFileSync(`/proc/${agent.pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[19]
  writeFileSync(where.agentPid, JSON.stringify({ pid: agent.pid, startTicks }))
  const ended = once(agent, 'close')
  await followServer(layout, bridge)
  await ended
  const { server, nodeName, nodeLabels } = readConfig(where.config)!
  assert.deepEqual({ server, nodeName, nodeLabels }, { server: bridge, nodeName: 'box-2', nodeLabels: { disk: 'ssd' } })
})

test('further servers beside it are left alone', async () => {
  const server = `${bridge}, https://192.0.2.7:6443`
  writeConfig(where.config, { ...readConfig(where.config)!, server })
  const { mtimeMs } = statSync(where.config)
  await followServer(layout, bridge)
  assert.equal(readConfig(where.config)!.server, server)
  assert.equal(statSync(where.config).mtimeMs, mtimeMs)
})
