import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { isError } from '#lib/errors.ts'
import { systemClock } from './clock.ts'
import { forgetShutdownDelay, logindInhibitor } from './logind.ts'

/** Programs with the manners of systemd's: the delay stands in a file, the lock is held as long as the program runs, signals are lines of a file. */
function fakeSystemd(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'logind-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const at = (name: string) => join(folder, name)
  const program = (name: string, script: string) => {
    writeFileSync(at(name), `#!/bin/sh\ncd ${folder}\n${script}\n`)
    chmodSync(at(name), 0o755)
    return at(name)
  }
  writeFileSync(at('delay'), '5000000')
  writeFileSync(at('signals'), '')
  const busctl = program(
    'busctl',
    `case $1 in
get-property) echo "t $(cat delay)" ;;
call)
  echo "$@" >> calls
  if [ -e conf/99-kubelet.conf ]; then sed -n 's/InhibitDelayMaxSec=\\(.*\\)/\\1000000/p' conf/99-kubelet.conf > delay; else echo 5000000 > delay; fi ;;
monitor) echo $$ > monitor; exec tail -n +1 -f signals ;;
esac`,
  )
  const systemdInhibit = program(
    'systemd-inhibit',
    'touch locked\nwhile :; do case $1 in --*) shift ;; *) break ;; esac; done\n"$@"\nrm locked',
  )
  const inhibitor = logindInhibitor({ clock: systemClock, folder: '/node', busctl, systemdInhibit, configDirectory: at('conf') })
  const say = (line: string) => writeFileSync(at('signals'), `${line}\n`, { flag: 'a' })
  const signal = (isBeginning: boolean) =>
    say(JSON.stringify({ type: 'signal', member: 'PrepareForShutdown', payload: { type: 'b', data: [isBeginning] } }))
  return { inhibitor, busctl, at, say, signal, isLocked: () => existsSync(at('locked')) }
}

test('holds, hears, lets go, and holds again', async (t) => {
  const { inhibitor, at, say, signal, isLocked } = fakeSystemd(t)
  const heard: boolean[] = []
  const held = await inhibitor.hold(
    30_000,
    (isBeginning) => heard.push(isBeginning),
    (error) => assert.fail(String(error)),
  )
  t.after(() => held.close())
  assert.ok(isLocked())
  assert.equal(readFileSync(at('conf/99-kubelet.conf'), 'utf8'), '# Written for the pods of /node\n[Login]\nInhibitDelayMaxSec=30\n')
  assert.match(readFileSync(at('calls'), 'utf8'), /KillUnit ssi systemd-logind\.service all 1/)
  say('Monitoring bus message stream.')
  say(JSON.stringify({ type: 'signal', member: 'SessionNew', payload: { type: 'so', data: ['1', '/x'] } }))
  signal(true)
  await until(() => heard.length === 1)
  await held.release()
  await until(() => !isLocked())
  signal(false)
  await until(() => heard.length === 2)
  assert.deepEqual(heard, [true, false])
  await held.renew()
  assert.ok(isLocked())
  await held.close()
  await until(() => !isLocked())
})

test('the longer delay is taken back, and another kubelet’s is not', async (t) => {
  const { inhibitor, busctl, at } = fakeSystemd(t)
  const systemd = { folder: '/node', busctl, configDirectory: at('conf') }
  assert.equal(await forgetShutdownDelay(systemd), false)
  const nothing = () => {}
  await (await inhibitor.hold(30_000, nothing, nothing)).close()
  assert.ok(existsSync(at('conf/99-kubelet.conf')))
  assert.equal(await forgetShutdownDelay({ ...systemd, folder: '/node/other' }), false)
  rmSync(at('calls'))
  assert.equal(await forgetShutdownDelay(systemd), true)
  assert.ok(!existsSync(at('conf/99-kubelet.conf')))
  assert.match(readFileSync(at('calls'), 'utf8'), /KillUnit ssi systemd-logind\.service all 1/)
  writeFileSync(at('conf/99-kubelet.conf'), '# Kubelet logind override\n[Login]\nInhibitDelayMaxSec=30\n')
  assert.equal(await forgetShutdownDelay(systemd), false)
  assert.ok(existsSync(at('conf/99-kubelet.conf')))
})

test('the delay of any node of the machine is taken back by the folder of all', async (t) => {
  const { inhibitor, busctl, at } = fakeSystemd(t)
  const systemd = { busctl, configDirectory: at('conf') }
  const nothing = () => {}
  await (await inhibitor.hold(30_000, nothing, nothing)).close()
  writeFileSync(at('conf/99-kubelet.conf'), '# Written for the pods of /data/nodes/box-2/node/kubelet\n[Login]\nInhibitDelayMaxSec=30\n')
  assert.equal(await forgetShutdownDelay({ ...systemd, folder: '/dat' }), false)
  assert.equal(await forgetShutdownDelay({ ...systemd, folder: '/data' }), true)
  assert.ok(!existsSync(at('conf/99-kubelet.conf')))
})

test('a delay that is long enough is left as it is', async (t) => {
  const { inhibitor, at } = fakeSystemd(t)
  const held = await inhibitor.hold(
    5_000,
    () => {},
    () => {},
  )
  await held.close()
  assert.ok(!existsSync(at('calls')) && !existsSync(at('conf')))
})

test('a monitor that ends is told of, and the lock goes with it', async (t) => {
  const { inhibitor, at, isLocked } = fakeSystemd(t)
  const lost: unknown[] = []
  await inhibitor.hold(
    5_000,
    () => {},
    (error) => lost.push(error),
  )
  await until(() => existsSync(at('monitor')) && readFileSync(at('monitor'), 'utf8').trim() !== '')
  process.kill(Number(readFileSync(at('monitor'), 'utf8')))
  await until(() => lost.length > 0)
  assert.ok(isError(lost[0], 'ServiceUnavailable'))
  await until(() => !isLocked())
  assert.equal(lost.length, 1)
})

test('a machine without systemd says so', async () => {
  const inhibitor = logindInhibitor({ clock: systemClock, folder: '/node', busctl: '/nonexistent/busctl' })
  await assert.rejects(
    inhibitor.hold(
      1_000,
      () => {},
      () => {},
    ),
    (error) => isError(error, 'ServiceUnavailable') && /systemd-logind does not answer/.test(error.message),
  )
})

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (holds()) return
    await delay(20)
  }
  assert.fail('it did not come to pass')
}
