using Holdfast.Commands;
using Holdfast.Foundation.Processes;

using var signals = new StopSignals();
return await CommandLine.RunAsync(args, Console.Out, Console.Error, signals.Token);
