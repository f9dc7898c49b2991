using System.Runtime.InteropServices;

namespace Holdfast.Lab.Commands;

/// <summary>Ctrl+C, SIGTERM or a closed terminal: once asks for a graceful end, twice for a forced one.</summary>
sealed class Interrupts : IDisposable
{
    readonly CancellationTokenSource _graceful = new(), _forced = new();
    readonly List<PosixSignalRegistration> _registrations = [];

    public Interrupts()
    {
        foreach (var signal in (ReadOnlySpan<PosixSignal>)[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP])
            _registrations.Add(PosixSignalRegistration.Create(signal, Note));
    }

    public CancellationToken Graceful => _graceful.Token;
    public CancellationToken Forced => _forced.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations)
            registration.Dispose();
        _graceful.Dispose();
        _forced.Dispose();
    }

    void Note(PosixSignalContext context)
    {
        context.Cancel = true;
        if (_graceful.IsCancellationRequested)
            _forced.Cancel();
        else
            _graceful.Cancel();
    }
}
