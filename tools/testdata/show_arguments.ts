process.stdout.write(`${process.version} ${JSON.stringify(process.argv.slice(2))}\n`)
process.exit(Number(process.argv[3]))
