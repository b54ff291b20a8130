// Each goal with what was measured for it.

import { duration, loadName, median, p99, ratio, whole } from './statistics.mjs'

const SLICE_MS = 2

/** `reached`: how far along the goal is; 1 is just there, 1.3 misses it by 30 %. */
const verdict = (reached) => {
  return reached <= 1 ? 'reached' : `missed by ${Math.round((reached - 1) * 100)} %`
}

const share = (name, load, samples, goal, rival = 'listeners') => {
  const value = samples.median('ours') / samples.median(rival)
  return {
    name,
    load: loadName(load),
    ours: duration(samples.median('ours')),
    against: `${rival} ${duration(samples.median(rival))}`,
    ratio: ratio(value),
    goal: goal === null ? '' : `1/${goal}`,
    verdict: goal === null ? '' : verdict(value * goal)
  }
}

const simple = (name, load, [ours, against, quotient], goal, reached) => {
  return {
    name,
    load: loadName(load),
    ours,
    against,
    ratio: quotient,
    goal,
    verdict: verdict(reached)
  }
}

/** The rows of the table of goals, in its order. */
export function rows({ loads }) {
  const large = loads.at(-1)
  const ofLoads = (name, key, goal) => loads.map((load) => share(name, load, load[key], goal))
  return [
    ...ofLoads('first lookup ever, loading the binary included', 'samples', 2),
    ...ofLoads('new owner, 10 % of the others changed', 'newOwner', 10),
    ...(large.grouped === null
      ? []
      : [share('same, in a cgroup of its own', large, large.grouped, 40)]),
    ...loads.flatMap((load) => recentOwner(load, load === large)),
    ...loads.flatMap((load) => {
      const each = Object.entries(load.ports)
      return each.map(([kind, samples]) => share(`a port alone, ${kind}`, load, samples, null))
    }),
    ...loads.filter((load) => load.calls !== undefined).flatMap(counted),
    ...loads.map(burstTime),
    ...loads.flatMap(listRows),
    ...loads.filter((load) => load.records !== undefined).map(recordRow),
    ...busyRows(large),
    ...startRows(large)
  ]
}

function recentOwner(load, hasGoal) {
  const goal = hasGoal ? 500 : null
  const inTime = (row, samples) => {
    if (!hasGoal) return row
    const slower = samples.median('ours') / 0.1
    const inRatio = (samples.median('ours') / samples.median('listeners')) * goal
    row.goal = '1/500 and 100 µs'
    row.verdict = verdict(Math.max(slower, inRatio))
    return row
  }
  return [
    ['recent owner, child of init', 'recent, init'],
    ['recent owner, child of a session with 60 descriptors', 'recent, session']
  ].flatMap(([name, key]) => {
    return [inTime(share(name, load, load[key], goal), load[key]), ...leastRow(load, load[key])]
  })
}

/** The same beside its system calls alone and a worker's shortest work: no lookup can take less. */
function leastRow(load, samples) {
  if (!samples.has('least')) return []
  const [ours, calls, work] = ['ours', 'least', 'readlink'].map((name) => samples.median(name))
  return [
    {
      name: 'the same, compared with its lower bound',
      load: loadName(load),
      ours: duration(ours),
      against: `${samples.calls} calls alone ${duration(calls)}, a readlink in Node ${duration(work)}`,
      ratio: ratio(ours / (calls + work)),
      goal: '',
      verdict: ''
    }
  ]
}

function counted(load) {
  const { plain, results } = load.calls
  const of = (name) => results.find((result) => result.name === name).total
  const miss = of('miss')
  const burst = of('burst-of-50-misses')
  const cells = (count, against, what) => {
    return [`${whole(count)} calls`, `${what} ${whole(against)}`, ratio(count / against)]
  }
  return [
    simple('miss', load, cells(miss, plain, 'plain walk'), '1.05', miss / plain / 1.05),
    simple('burst of 50', load, cells(burst, miss, 'one miss'), '1.1', burst / miss / 1.1)
  ]
}

function burstTime(load) {
  const [burst, miss] = [load.burst.median('ours'), load.miss.median('ours')]
  const cells = [duration(burst), `one miss ${duration(miss)}`, ratio(burst / miss)]
  return simple('burst of 50 owners, in time', load, cells, '1.1', burst / miss / 1.1)
}

function listRows(load) {
  const { samples, rows: told } = load.list
  const ours = samples.median('ours')
  const against = (name, goal) => {
    const theirs = samples.median(name)
    const cells = [duration(ours), `${name} ${duration(theirs)}`, ratio(ours / theirs)]
    const what = name === 'miss' ? 'list of all, and one miss' : 'list of all'
    return simple(
      `${what} (${whole(told.ours)} rows)`,
      load,
      cells,
      `${goal}`,
      ours / theirs / goal
    )
  }
  const rivals = Object.keys(samples.times).filter((name) => !['ours', 'miss'].includes(name))
  const goals = { miss: 1.1, systeminformation: 0.5 }
  return ['miss', ...rivals].map((name) => against(name, goals[name] ?? 1))
}

function recordRow(load) {
  const [one, two] = [load.records.median('one'), load.records.median('two')]
  const cells = [duration(one), `pid, then info ${duration(two)}`, ratio(one / two)]
  return simple('record of a recent owner in one call', load, cells, '0.7', one / two / 0.7)
}

function busyRows(load) {
  const more = (name, { idle, busy }, slack) => {
    const [a, b] = [p99(idle), p99(busy)]
    const cells = [`p99 ${duration(b)}`, `idle ${duration(a)}`, `+${duration(Math.max(b - a, 0))}`]
    return simple(name, load, cells, `+${slack} ms`, (b - a) / slack)
  }
  const [idle, busy] = [median(load.pool.idle), median(load.pool.busy)]
  const cells = [`p50 ${duration(busy)}`, `idle ${duration(idle)}`, ratio(busy / idle)]
  return [
    more('quick lookups while misses walk', load.quick, SLICE_MS),
    more('event loop (a timer of 1 ms), 1,000 calls under way', load.eventLoop, 5),
    simple('fs and dns, 500 misses under way', load, cells, '2', busy / idle / 2),
    more('fs and dns, 500 misses under way', load.pool, SLICE_MS),
    more('event loop (a timer of 1 ms), lists under way', load.beside, 5)
  ]
}

function startRows(load) {
  const [required, loaded] = [median(load.starts.require), median(load.starts.load)]
  const { bytes, descriptors } = load.remembered
  const kilobytes = [`${whole(bytes / 1000)} kB`, '', '']
  return [
    simple('require', load, [duration(required), '', ''], '5 ms', required / 5),
    simple(
      'loading the binary, at the first call',
      load,
      [duration(loaded), '', ''],
      '5 ms',
      loaded / 5
    ),
    simple('remembered: memory', load, kilobytes, '1 MB', bytes / 1e6),
    simple('remembered: descriptors', load, [whole(descriptors), '', ''], '20', descriptors / 20)
  ]
}
