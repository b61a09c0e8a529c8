namespace MarginNet.Data;

/// <summary>The bits of a scan, up to the next marker.</summary>
internal sealed class JpegBits(byte[] file, int position)
{
    private uint _bits; // The next ones, from the top.
    private int _count;
    private bool _isAtMarker;

    /// <summary>Where the next byte is: at the marker that ends the scan, once all of it is read.</summary>
    public int Position { get; private set; } = position;

    /// <summary>Whether more bits were asked for than there are.</summary>
    public bool IsShort { get; private set; }

    /// <summary>Whether bits were no code.</summary>
    public bool IsBroken { get; private set; }

    public bool IsOver => IsShort || IsBroken;

    public int Decode(JpegCode? code)
    {
        Fill();
        var (length, symbol) = code?.Read((int)(_bits >> 16)) ?? (0, 0);
        if (length == 0)
        {
            (IsShort, IsBroken) = (_isAtMarker && _count < 16, !(_isAtMarker && _count < 16)); // The zeros after the end may be no code either.
            return 0;
        }

        Skip(length);
        return IsShort ? 0 : symbol;
    }

    /// <summary>Takes at most 16 bits as a number.</summary>
    public int Take(int count)
    {
        Fill();
        var value = count == 0 ? 0 : (int)(_bits >> (32 - count));
        Skip(count);
        return value;
    }

    /// <summary>Passes over at most 16 bits.</summary>
    public void Skip(int count)
    {
        if (count > _count)
        {
            Fill();
        }

        IsShort |= count > _count;
        _count = Math.Max(0, _count - count);
        _bits <<= count;
    }

    public void SkipMany(int count)
    {
        for (; count > 0 && !IsOver; count -= 16)
        {
            Skip(Math.Min(count, 16));
        }
    }

    /// <summary>Goes on after a restart marker; false where none follows.</summary>
    public bool Restart()
    {
        Fill();
        if (!_isAtMarker || Position + 1 >= file.Length || file[Position + 1] is < 0xD0 or > 0xD7)
        {
            return false;
        }

        (_bits, _count, _isAtMarker) = (0, 0, false);
        Position += 2;
        return true;
    }

    private void Fill()
    {
        while (_count <= 24 && !_isAtMarker)
        {
            if (Position >= file.Length)
            {
                _isAtMarker = true;
                return;
            }

            var value = file[Position];
            if (value == 0xFF)
            {
                while (Position + 1 < file.Length && file[Position + 1] == 0xFF)
                {
                    Position++; // Fill bytes.
                }

                if (Position + 1 >= file.Length || file[Position + 1] != 0)
                {
                    _isAtMarker = true;
                    return;
                }

                Position++; // A zero is stuffed after a byte of ones.
            }

            Position++;
            _bits |= (uint)value << (24 - _count);
            _count += 8;
        }
    }
}
