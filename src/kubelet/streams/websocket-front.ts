import type { WebSocket } from 'ws'
import type { Clock } from '#lib/clock.ts'
import { endOf } from './relay.ts'
import type { Streams, StreamsAsked } from './streams.ts'
import { encodeOutcome, versionOf } from './streams.ts'
import { greet, webSocketChannels } from './websocket-channels.ts'

/** The reference's sub-protocols for exec and attach. */
export const webSocketCommandProtocols = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'channel.k8s.io',
  'base64.channel.k8s.io',
] as const

const channelOf = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const

/** The client's streams of an exec or attach over WebSocket. */
export function webSocketStreams(socket: WebSocket, protocol: string, asked: StreamsAsked, clock: Clock): Streams {
  const base64 = protocol.includes('base64')
  const version = versionOf(protocol)
  const channels = webSocketChannels(socket, { base64, closeSignals: version >= 5, keepsReceived: true }, clock)
  const withStderr = asked.stderr && !asked.tty
  const stdout = asked.stdout ? channels.writer(channelOf.stdout) : undefined
  const stderr = withStderr ? channels.writer(channelOf.stderr) : undefined
  const error = channels.writer(channelOf.error)
  greet(socket, asked.stdout ? channelOf.stdout : withStderr ? channelOf.stderr : channelOf.error, base64)
  return {
    ...(asked.stdin && { stdin: channels.reader(channelOf.stdin) }),
    ...(stdout && { stdout }),
    ...(stderr && { stderr }),
    ...(asked.tty && { resize: channels.reader(channelOf.resize) }),
    closed: channels.closed,
    finish: async (outcome) => {
      await Promise.all([endOf(stdout), endOf(stderr)])
      await endOf(error, encodeOutcome(outcome, version) || undefined)
      channels.close()
    },
  }
}
