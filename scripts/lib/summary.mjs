// Adds up what files of tests say at their end, for runners that start each file by themselves.

/** `{ pass, fail, skipped }` of the files that were counted. */
export class Summary {
  pass = 0
  fail = 0
  skipped = 0

  /** A file that ends without its summary has failed, whatever it printed. */
  add(name, { code, signal, stdout }) {
    const number = (key) => stdout.match(new RegExp(`^(?:#|\u2139) ${key} (\\d+)\\r?$`, 'm'))?.[1]
    if (number('pass') === undefined || (code !== 0 && number('fail') === '0')) {
      console.error(`${name} ended with ${signal ?? code}`)
      this.fail++
    }
    for (const key of ['pass', 'fail', 'skipped']) this[key] += Number(number(key) ?? 0)
  }

  /** Prints the line that ends a run, and makes a failure of it the program's. */
  end() {
    console.log(`${this.pass} passed, ${this.fail} failed, ${this.skipped} skipped`)
    if (this.fail > 0 || this.skipped > 0 || this.pass === 0) process.exitCode = 1
  }
}
